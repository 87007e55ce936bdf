"""A function in the form in which CPython calls C: numbers out of Python's objects, work, objects from numbers.

It is the same for all graphs: what it works on and what it returns is told by a `Signature`. Whatever is not exactly as
that says - another type, shape or number of arguments - goes to the general way, a Python function.
"""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Final

from chainrule.targets.llvm.emit import REALS, DType

# What is used of CPython; then objects, whose addresses stand in the same table.
FUNCTIONS: Final = (
    "PyFloat_AsDouble", "PyFloat_FromDouble", "PyTuple_New", "PyObject_GetBuffer",
    "PyBuffer_Release", "PyErr_Occurred", "PyErr_Clear", "PyObject_Vectorcall", "PyEval_SaveThread",
    "PyEval_RestoreThread", "Py_DecRef",
)  # fmt: skip
OBJECTS: Final = ("float", "int", "float64", "ndarray", "empty", "dtype")
TYPE_AT: Final = object.__basicsize__ - 8  # where an object names its type,
FLOAT_AT: Final = float.__basicsize__ - 8  # a float its value,
ITEMS_AT: Final = tuple.__basicsize__  # a tuple its first item,
BYTES_AT: Final = bytes.__basicsize__ - 1  # and bytes begin: what CPython's macros know
VALUE, VALUE_AND_SLOPES, VALUE_AND_SLOPE = range(3)  # forms of a result: v, (v, (s, ...)) and (v, s)
_POINTER: Final = ctypes.c_void_p
_VIEW: Final = 80  # bytes of a Py_buffer
_FLAGS: Final = 0x0008 | 0x0004  # PyBUF_ND | PyBUF_FORMAT: in C order, with shape and format
_WRITABLE: Final = 0x0001


class Part(ctypes.Structure):
    """One argument or result: a number, or an array with so many axes, beginning at so many numbers."""

    _fields_: ClassVar[Any] = [
        ("axes", ctypes.c_int64), ("size", ctypes.c_int64), ("at", ctypes.c_int64), ("shape", _POINTER),
        ("shape_object", _POINTER),
    ]  # fmt: skip


class Signature(ctypes.Structure):
    """What the entry does: the work, its arguments and results. `busy` is -1 for work that keeps the GIL."""

    _fields_: ClassVar[Any] = [
        ("work", _POINTER), ("context", _POINTER), ("arguments", _POINTER), ("results", _POINTER),
        *[(name, ctypes.c_int64) for name in ("busy", "count", "given", "made", "parts", "form")],
    ]  # fmt: skip


class Cell(ctypes.Structure):
    """What an entry reads first: its signature now - none before the first call -, the general way, the table."""

    _fields_: ClassVar[Any] = [("signature", _POINTER), ("general", _POINTER), ("table", _POINTER)]


def entry_text(dtype: DType) -> str:
    """The module: `PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t count)`."""
    real = REALS[dtype]
    number, parts = real.name, ctypes.sizeof(Part)
    widened, narrowed = ("fadd double %narrow, -0.0", "fadd double %x, -0.0")
    if real.size == 4:
        widened, narrowed = "fpext float %narrow to double", "fptrunc double %x to float"
    letter = ord("d" if real.size == 8 else "f")
    body = f"""
define internal ptr @general(ptr %table, ptr %cell, ptr %args, i64 %count) nounwind {{
{_field(Cell, "general", "%cell", "%general")}
{_function("PyObject_Vectorcall")}
  %result = call ptr %PyObject_Vectorcall(ptr %general, ptr %args, i64 %count, ptr null)
  ret ptr %result
}}

define internal i1 @array(ptr %table, ptr %part, ptr %arg, ptr %given) nounwind {{
entry:
{_object("ndarray")}
  %type.at = getelementptr i8, ptr %arg, i64 {TYPE_AT}
  %type = load ptr, ptr %type.at
  %is = icmp eq ptr %type, %ndarray
  br i1 %is, label %open, label %no
open:
  %view = alloca [{_VIEW} x i8], align 16
{_function("PyObject_GetBuffer")}
  %failed = call i32 %PyObject_GetBuffer(ptr %arg, ptr %view, i32 {_FLAGS})
  %opened = icmp eq i32 %failed, 0
  br i1 %opened, label %format, label %clear
clear:
{_function("PyErr_Clear")}
  call void %PyErr_Clear()
  ret i1 false
no:
  ret i1 false
format:
  %data = load ptr, ptr %view
  %axes.at = getelementptr i8, ptr %view, i64 36
  %axes.short = load i32, ptr %axes.at
  %axes = sext i32 %axes.short to i64
  %letters.at = getelementptr i8, ptr %view, i64 40
  %letters = load ptr, ptr %letters.at
  %letter = load i16, ptr %letters, align 1
{_field(Part, "axes", "%part", "%due")}
  %fits.axes = icmp eq i64 %axes, %due
  %fits.letter = icmp eq i16 %letter, {letter}
  %fits = and i1 %fits.axes, %fits.letter
  br i1 %fits, label %sizes, label %close
sizes:
  %shape.at = getelementptr i8, ptr %view, i64 48
  %shape = load ptr, ptr %shape.at
{_field(Part, "shape", "%part", "%wanted")}
{_field(Part, "size", "%part", "%size")}
{_field(Part, "at", "%part", "%at")}
  %start = getelementptr {number}, ptr %given, i64 %at
  br label %axis
axis:
  %k = phi i64 [ 0, %sizes ], [ %k.next, %same ]
  %one.at = getelementptr i64, ptr %shape, i64 %k
  %one = load i64, ptr %one.at
  %other.at = getelementptr i64, ptr %wanted, i64 %k
  %other = load i64, ptr %other.at
  %equal = icmp eq i64 %one, %other
  br i1 %equal, label %same, label %close
same:
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %axes
  br i1 %more, label %axis, label %copy
copy:
  call void @copy(ptr %start, ptr %data, i64 %size)
  br label %close
close:
  %found = phi i1 [ true, %copy ], [ false, %format ], [ false, %axis ]
{_function("PyBuffer_Release")}
  call void %PyBuffer_Release(ptr %view)
  ret i1 %found
}}

define internal void @copy(ptr %to, ptr %from, i64 %size) nounwind {{
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %k.next, %loop ]
  %from.at = getelementptr {number}, ptr %from, i64 %k
  %x = load {number}, ptr %from.at, align 1
  %to.at = getelementptr {number}, ptr %to, i64 %k
  store {number} %x, ptr %to.at, align 1
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %size
  br i1 %more, label %loop, label %end
end:
  ret void
}}

define internal ptr @result(ptr %table, ptr %part, ptr %made) nounwind {{
entry:
{_field(Part, "at", "%part", "%at")}
{_field(Part, "axes", "%part", "%axes")}
  %start = getelementptr {number}, ptr %made, i64 %at
  %single = icmp slt i64 %axes, 0
  br i1 %single, label %number, label %new
number:
{_function("PyFloat_FromDouble")}
  %narrow = load {number}, ptr %start
  %wide = {widened}
  %float = call ptr %PyFloat_FromDouble(double %wide)
  ret ptr %float
new:
  %names = alloca [2 x ptr]
  %view = alloca [{_VIEW} x i8], align 16
{_object("empty")}
{_object("dtype")}
{_field(Part, "shape_object", "%part", "%shape")}
{_field(Part, "size", "%part", "%size")}
  store ptr %shape, ptr %names
  %second = getelementptr ptr, ptr %names, i64 1
  store ptr %dtype, ptr %second
{_function("PyObject_Vectorcall")}
  %array = call ptr %PyObject_Vectorcall(ptr %empty, ptr %names, i64 2, ptr null)
  %there = icmp ne ptr %array, null
  br i1 %there, label %open, label %none
open:
{_function("PyObject_GetBuffer")}
  %failed = call i32 %PyObject_GetBuffer(ptr %array, ptr %view, i32 {_WRITABLE})
  %opened = icmp eq i32 %failed, 0
  br i1 %opened, label %fill, label %drop
fill:
  %data = load ptr, ptr %view
  call void @copy(ptr %data, ptr %start, i64 %size)
{_function("PyBuffer_Release")}
  call void %PyBuffer_Release(ptr %view)
  ret ptr %array
drop:
{_function("Py_DecRef")}
  call void %Py_DecRef(ptr %array)
  ret ptr null
none:
  ret ptr null
}}

define internal ptr @tuple(ptr %table, ptr %parts, ptr %made, i64 %count) nounwind {{
entry:
{_function("PyTuple_New")}
{_function("Py_DecRef")}
  %tuple = call ptr %PyTuple_New(i64 %count)
  %there = icmp ne ptr %tuple, null
  br i1 %there, label %loop, label %none
loop:
  %k = phi i64 [ 0, %entry ], [ %k.next, %put ]
  %offset = mul i64 %k, {parts}
  %part = getelementptr i8, ptr %parts, i64 %offset
  %item = call ptr @result(ptr %table, ptr %part, ptr %made)
  %good = icmp ne ptr %item, null
  br i1 %good, label %put, label %drop
put:
  %items = getelementptr i8, ptr %tuple, i64 {ITEMS_AT}
  %item.at = getelementptr ptr, ptr %items, i64 %k
  store ptr %item, ptr %item.at
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %count
  br i1 %more, label %loop, label %end
end:
  ret ptr %tuple
drop:
  call void %Py_DecRef(ptr %tuple)
  ret ptr null
none:
  ret ptr null
}}

define internal ptr @results(ptr %table, ptr %signature, ptr %made) nounwind {{
entry:
{_field(Signature, "results", "%signature", "%parts")}
{_field(Signature, "form", "%signature", "%form")}
{_field(Signature, "parts", "%signature", "%count")}
  switch i64 %form, label %flat [ i64 {VALUE}, label %value i64 {VALUE_AND_SLOPES}, label %pair ]
value:
  %only = call ptr @result(ptr %table, ptr %parts, ptr %made)
  ret ptr %only
flat:
  %both = call ptr @tuple(ptr %table, ptr %parts, ptr %made, i64 2)
  ret ptr %both
pair:
{_function("PyTuple_New")}
{_function("Py_DecRef")}
  %outer = call ptr %PyTuple_New(i64 2)
  %there = icmp ne ptr %outer, null
  br i1 %there, label %first, label %none
first:
  %head = call ptr @result(ptr %table, ptr %parts, ptr %made)
  %good = icmp ne ptr %head, null
  br i1 %good, label %second, label %drop
second:
  %items = getelementptr i8, ptr %outer, i64 {ITEMS_AT}
  store ptr %head, ptr %items
  %rest = getelementptr i8, ptr %parts, i64 {parts}
  %slopes = sub i64 %count, 1
  %inner = call ptr @tuple(ptr %table, ptr %rest, ptr %made, i64 %slopes)
  %whole = icmp ne ptr %inner, null
  br i1 %whole, label %last, label %drop
last:
  %second.at = getelementptr ptr, ptr %items, i64 1
  store ptr %inner, ptr %second.at
  ret ptr %outer
drop:
  call void %Py_DecRef(ptr %outer)
  ret ptr null
none:
  ret ptr null
}}

define ptr @call(ptr %self, ptr %args, i64 %count) nounwind {{
entry:
  %held.at = getelementptr i8, ptr %self, i64 {ITEMS_AT}
  %held = load ptr, ptr %held.at
  %cell.at = getelementptr i8, ptr %held, i64 {BYTES_AT}
  %cell = load ptr, ptr %cell.at, align 1
{_field(Cell, "table", "%cell", "%table")}
{_field(Cell, "signature", "%cell", "%signature")}
  %ready = icmp ne ptr %signature, null
  br i1 %ready, label %check, label %other
check:
{_field(Signature, "count", "%signature", "%due")}
  %fits = icmp eq i64 %count, %due
  br i1 %fits, label %room, label %other
room:
{_field(Signature, "given", "%signature", "%given.size")}
{_field(Signature, "made", "%signature", "%made.size")}
{_field(Signature, "arguments", "%signature", "%parts")}
{_object("float")}
{_object("float64")}
{_object("int")}
{_function("PyFloat_AsDouble")}
  %given = alloca {number}, i64 %given.size, align 64
  %made = alloca {number}, i64 %made.size, align 64
  br label %argument
argument:
  %k = phi i64 [ 0, %room ], [ %k.next, %next ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %ask, label %look
look:
  %offset = mul i64 %k, {parts}
  %part = getelementptr i8, ptr %parts, i64 %offset
  %arg.at = getelementptr ptr, ptr %args, i64 %k
  %arg = load ptr, ptr %arg.at
{_field(Part, "axes", "%part", "%axes")}
{_field(Part, "at", "%part", "%at")}
  %single = icmp slt i64 %axes, 0
  br i1 %single, label %number, label %many
many:
  %taken = call i1 @array(ptr %table, ptr %part, ptr %arg, ptr %given)
  br i1 %taken, label %next, label %other
number:
  %type.at = getelementptr i8, ptr %arg, i64 {TYPE_AT}
  %type = load ptr, ptr %type.at
  %is.float = icmp eq ptr %type, %float
  br i1 %is.float, label %plain, label %similar
plain:
  %plain.at = getelementptr i8, ptr %arg, i64 {FLOAT_AT}
  %x.plain = load double, ptr %plain.at
  %narrow.plain = {narrowed.replace("%x", "%x.plain")}
  %place.plain = getelementptr {number}, ptr %given, i64 %at
  store {number} %narrow.plain, ptr %place.plain
  br label %next
similar:
  %is.float64 = icmp eq ptr %type, %float64
  %is.int = icmp eq ptr %type, %int
  %is.number = or i1 %is.float64, %is.int
  br i1 %is.number, label %put, label %other
put:
  %x = call double %PyFloat_AsDouble(ptr %arg)
  %narrow = {narrowed}
  %place = getelementptr {number}, ptr %given, i64 %at
  store {number} %narrow, ptr %place
  %odd = fcmp oeq double %x, -1.0
  br i1 %odd, label %doubt, label %next
doubt:
{_function("PyErr_Occurred")}
  %error = call ptr %PyErr_Occurred()
  %wrong = icmp ne ptr %error, null
  br i1 %wrong, label %clear, label %next
clear:
{_function("PyErr_Clear")}
  call void %PyErr_Clear()
  br label %other
next:
  %k.next = add i64 %k, 1
  br label %argument
ask:
{_field(Signature, "busy", "%signature", "%busy")}
{_field(Signature, "work", "%signature", "%work")}
{_field(Signature, "context", "%signature", "%context")}
  switch i64 %busy, label %other [ i64 -1, label %short i64 0, label %long ]
short:
  call void %work(ptr %context, ptr %given, ptr %made)
  br label %return
long:
  %busy.at = getelementptr i8, ptr %signature, i64 {Signature.busy.offset}
{_function("PyEval_SaveThread")}
{_function("PyEval_RestoreThread")}
  store i64 1, ptr %busy.at
  %thread = call ptr %PyEval_SaveThread()
  call void %work(ptr %context, ptr %given, ptr %made)
  call void %PyEval_RestoreThread(ptr %thread)
  store i64 0, ptr %busy.at
  br label %return
return:
  %result = call ptr @results(ptr %table, ptr %signature, ptr %made)
  ret ptr %result
other:
  %general = call ptr @general(ptr %table, ptr %cell, ptr %args, i64 %count)
  ret ptr %general
}}
"""
    return body.lstrip()


def _field(structure: Any, name: str, base: str, result: str) -> str:
    """Lines that load a field of a structure."""
    kind = "ptr" if dict(structure._fields_)[name] is _POINTER else "i64"
    offset = getattr(structure, name).offset
    return (
        f"  {result}.field = getelementptr i8, ptr {base}, i64 {offset}\n  {result} = load {kind}, ptr {result}.field"
    )


def _function(name: str) -> str:
    return _entry(FUNCTIONS.index(name), f"%{name}")


def _object(name: str) -> str:
    return _entry(len(FUNCTIONS) + OBJECTS.index(name), f"%{name}")


def _entry(number: int, result: str) -> str:
    """Lines that load an address from the table."""
    return f"  {result}.at = getelementptr ptr, ptr %table, i64 {number}\n  {result} = load ptr, ptr {result}.at"
