"""What a kernel does around its stages: denormal numbers are switched off, and on again for whoever called."""

from __future__ import annotations

from chainrule.targets.llvm.machine import Machine


def flush_on(machine: Machine) -> list[str]:
    """Take denormal numbers as zero from here on; what was set before stays in %mode.old."""
    if machine.family == "x86_64":
        return [
            "%mode = alloca i32",
            "%mode.new = alloca i32",
            "call void @llvm.x86.sse.stmxcsr(ptr %mode)",
            "%mode.old = load i32, ptr %mode",
            "%mode.set = or i32 %mode.old, 32832",  # bits 15 (results) and 6 (operands)
            "store i32 %mode.set, ptr %mode.new",
            "call void @llvm.x86.sse.ldmxcsr(ptr %mode.new)",
        ]
    if machine.family == "aarch64":
        return [
            "%mode.old = call i64 @llvm.aarch64.get.fpcr()",
            "%mode.set = or i64 %mode.old, 16777216",  # bit 24
            "call void @llvm.aarch64.set.fpcr(i64 %mode.set)",
        ]
    return []


def flush_off(machine: Machine) -> list[str]:
    """Set what was set before `flush_on`."""
    if machine.family == "x86_64":
        return ["call void @llvm.x86.sse.ldmxcsr(ptr %mode)"]
    return ["call void @llvm.aarch64.set.fpcr(i64 %mode.old)"] if machine.family == "aarch64" else []


def flush_declarations(machine: Machine) -> list[str]:
    """The functions these two need."""
    if machine.family == "x86_64":
        return [f"declare void @llvm.x86.sse.{name}mxcsr(ptr)" for name in ("st", "ld")]
    if machine.family == "aarch64":
        return ["declare i64 @llvm.aarch64.get.fpcr()", "declare void @llvm.aarch64.set.fpcr(i64)"]
    return []
