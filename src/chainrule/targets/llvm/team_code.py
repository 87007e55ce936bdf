"""How the threads of a team start, meet and end: functions as text, and what is written to call them."""

from __future__ import annotations

from typing import Final

from chainrule.targets.llvm.entry import flush_off, flush_on
from chainrule.targets.llvm.machine import Machine
from chainrule.targets.llvm.team_layout import COMMANDS, EACH, FIRST, SET, TEAM, THREAD

_POINTERS: Final = (
    "arena", "whole", "own", "scratch", "create", "join", "yield", "team", "examples", "order", "where", "may", "moves",
)  # fmt: skip
_PAUSE: Final = {  # by which a processor is told that a thread waits
    "x86_64": ("call void @llvm.x86.sse2.pause()", "declare void @llvm.x86.sse2.pause()"),
    "aarch64": ("call void @llvm.aarch64.hint(i32 1)", "declare void @llvm.aarch64.hint(i32)"),
}
_PATIENCE: Final = 255  # looks after which others may run


def place_of(record: str, name: str) -> str:
    """The instruction that finds a word of the `team`'s record, or of a thread's own."""
    number = (TEAM if record == "team" else THREAD)[name]
    return f"getelementptr i64, ptr %{record}, i64 {number}"


def read(record: str, name: str) -> list[str]:
    """Lines that bring such a word into the register of its name."""
    kind = "ptr" if name in _POINTERS else "i64"
    return [f"%{name}.at = {place_of(record, name)}", f"%{name} = load {kind}, ptr %{name}.at, align 8"]


def team_functions(machine: Machine) -> list[str]:
    """The functions that start threads, let them meet, and end them."""
    return [
        *_meet(machine),
        *_work(machine),
        *_start(),
        *_end(),
        "declare i64 @llvm.smin.i64(i64, i64)",
        "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)",
    ]


def _text(head: str, *lines: str) -> list[str]:
    return [f"define internal {head} #0 {{", *[line if line.endswith(":") else f"  {line}" for line in lines], "}"]


def _meet(machine: Machine) -> list[str]:
    """Wait until all threads are here. What each has written before, all can read."""
    pause = _PAUSE.get(machine.family, ())
    return [
        *_text(
            "void @team.meet(ptr %team)",
            "entry:",
            "%one = load atomic i64, ptr %team monotonic, align 8",
            "%alone = icmp eq i64 %one, 1",
            "br i1 %alone, label %done, label %arrive",
            "arrive:",
            f"%round.at = {place_of('team', 'round')}",
            f"%arrived.at = {place_of('team', 'arrived')}",
            "%round = load atomic i64, ptr %round.at acquire, align 8",
            "%before = atomicrmw add ptr %arrived.at, i64 1 acq_rel",
            "%here = add i64 %before, 1",
            "%threads = load atomic i64, ptr %team monotonic, align 8",  # fewer, if some could not be started
            "%last = icmp eq i64 %here, %threads",
            "br i1 %last, label %release, label %wait",
            "release:",
            "store atomic i64 0, ptr %arrived.at monotonic, align 8",
            "%next = add i64 %round, 1",
            "store atomic i64 %next, ptr %round.at release, align 8",
            "br label %done",
            "wait:",
            "%looks = phi i64 [ 1, %arrive ], [ %more, %again ], [ %more, %let ]",
            "%now = load atomic i64, ptr %round.at acquire, align 8",
            "%over = icmp ne i64 %now, %round",
            "br i1 %over, label %done, label %longer",
            "longer:",
            *pause[:1],
            "%more = add i64 %looks, 1",
            f"%many = and i64 %looks, {_PATIENCE}",
            "%tired = icmp eq i64 %many, 0",
            "br i1 %tired, label %let, label %again",
            "again:",
            "br label %wait",
            "let:",
            *read("team", "yield"),
            "%let.others = call i32 %yield()",
            "br label %wait",
            "done:",
            "ret void",
        ),
        *pause[1:],
    ]


def _work(machine: Machine) -> list[str]:
    """What a thread does: as it is told, until there is no more."""
    cases = " ".join(f"i64 {k}, label %{name}" for k, name in enumerate(COMMANDS, 1))
    parts = []
    for name in COMMANDS:
        parts += [f"{name}:", f"call void @{name}(ptr %team, ptr %record, i64 %number)", "br label %next"]
    return _text(
        "ptr @team.work(ptr %record)",
        "entry:",
        *flush_on(machine),
        *read("record", "team"),
        *read("record", "number"),
        f"%command.at = {place_of('team', 'command')}",
        *_elsewhere(),
        "br label %next",
        "next:",
        "call void @team.meet(ptr %team)",
        "%command = load atomic i64, ptr %command.at monotonic, align 8",
        f"switch i64 %command, label %over [ {cases} ]",
        *parts,
        "over:",
        *flush_off(machine),
        "ret ptr null",
    )


def _elsewhere() -> list[str]:
    """Move to another processor than the first thread's, where systems often start threads, and then be free again."""
    return [
        *[line for name in ("may", "moves", "cpu") for line in read("team", name)],
        "%can = icmp ne ptr %moves, null",
        "br i1 %can, label %look, label %begin",
        "look:",
        f"%mine = {place_of('record', 'mine')}",
        f"%others = {place_of('record', 'others')}",
        f"%found = call i32 %may(i32 0, i64 {SET}, ptr %mine)",
        "%known = icmp eq i32 %found, 0",
        "br i1 %known, label %move, label %begin",
        "move:",
        f"call void @llvm.memcpy.p0.p0.i64(ptr %others, ptr %mine, i64 {SET}, i1 false)",
        "%number.of.word = lshr i64 %cpu, 6",
        "%word = getelementptr i64, ptr %others, i64 %number.of.word",
        "%bits = load i64, ptr %word, align 8",
        "%bit = and i64 %cpu, 63",
        "%one = shl i64 1, %bit",
        "%rest = xor i64 %one, -1",
        "%fewer = and i64 %bits, %rest",
        "store i64 %fewer, ptr %word, align 8",
        f"%moved = call i32 %moves(i32 0, i64 {SET}, ptr %others)",
        f"%free = call i32 %moves(i32 0, i64 {SET}, ptr %mine)",
        "br label %begin",
        "begin:",
    ]


def _start() -> list[str]:
    """Start the threads; if one cannot be started, the first does all by itself."""
    return _text(
        "void @team.start(ptr %team)",
        "entry:",
        *read("team", "wanted"),
        *read("team", "create"),
        "store atomic i64 %wanted, ptr %team monotonic, align 8",
        *read("team", "where"),
        "%some = icmp sgt i64 %wanted, 1",
        "br i1 %some, label %first, label %done",
        "first:",
        f"%cpu.at = {place_of('team', 'cpu')}",
        "%told = icmp ne ptr %where, null",
        "br i1 %told, label %ask, label %one",
        "ask:",
        "%here = call i32 %where()",
        "%cpu = zext i32 %here to i64",
        "store i64 %cpu, ptr %cpu.at, align 8",
        "br label %one",
        "one:",
        "%k = phi i64 [ 1, %first ], [ 1, %ask ], [ %next, %started ]",
        *_record_of("%k"),
        f"%handle.at = {place_of('record', 'handle')}",
        "%refused = call i32 %create(ptr %handle.at, ptr null, ptr @team.work, ptr %record)",
        "%is.refused = icmp ne i32 %refused, 0",
        "br i1 %is.refused, label %refuse, label %started",
        "started:",
        "%next = add i64 %k, 1",
        "%again = icmp slt i64 %next, %wanted",
        "br i1 %again, label %one, label %done",
        "refuse:",
        "store atomic i64 %k, ptr %team monotonic, align 8",
        "call void @team.end(ptr %team)",
        "store atomic i64 1, ptr %team monotonic, align 8",
        "br label %done",
        "done:",
        "ret void",
    )


def _end() -> list[str]:
    """End the threads, and wait until they have ended."""
    return _text(
        "void @team.end(ptr %team)",
        "entry:",
        *read("team", "join"),
        "%threads = load atomic i64, ptr %team monotonic, align 8",
        f"%command.at = {place_of('team', 'command')}",
        "store atomic i64 0, ptr %command.at monotonic, align 8",
        "call void @team.meet(ptr %team)",
        "%some = icmp sgt i64 %threads, 1",
        "br i1 %some, label %one, label %done",
        "one:",
        "%k = phi i64 [ 1, %entry ], [ %next, %one ]",
        *_record_of("%k"),
        f"%handle.at = {place_of('record', 'handle')}",
        "%handle = load i64, ptr %handle.at, align 8",
        "%joined = call i32 %join(i64 %handle, ptr null)",
        "%next = add i64 %k, 1",
        "%again = icmp slt i64 %next, %threads",
        "br i1 %again, label %one, label %done",
        "done:",
        "ret void",
    )


def told(name: str, value: str) -> list[str]:
    """Write a word of the record of a team."""
    return [f"%team.{name}.place = {place_of('team', name)}", f"store {value}, ptr %team.{name}.place, align 8"]


def _record_of(number: str) -> list[str]:
    return [
        f"%words = mul i64 {number}, {EACH}",
        f"%word = add i64 %words, {FIRST}",
        "%record = getelementptr i64, ptr %team, i64 %word",
    ]


def calls_of_a_team(name: str, count: str) -> list[str]:
    """What the first thread does to have a function run by all."""
    return [
        f"%team.{name}.count = {place_of('team', 'count')}",
        f"store i64 {count}, ptr %team.{name}.count, align 8",
        f"%team.{name}.command = {place_of('team', 'command')}",
        f"store atomic i64 {COMMANDS.index(name) + 1}, ptr %team.{name}.command monotonic, align 8",
        "call void @team.meet(ptr %team)",
        f"%team.{name}.record = getelementptr i64, ptr %team, i64 {FIRST}",
        f"call void @{name}(ptr %team, ptr %team.{name}.record, i64 0)",
    ]
