;; The way back into a guest whose memory is a copy of a finished start: sets the guest's stack pointer,
;; which no memory image holds, and calls a function of its table. `stand` makes it a side of the wall, which the
;; other guest calls: the stack pointer stays where it is, since this guest may itself be in the middle of a call.
(module
  (import "guest" "__indirect_function_table" (table 1 funcref))
  (import "guest" "__stack_pointer" (global $stack (mut i32)))
  (import "wall" "sides" (table $sides 2 funcref))
  (global $function (mut i32) (i32.const 0))
  (type $call (func (param i32 i32 i32) (result i32)))
  (elem declare func $answer)
  (func (export "stack") (result i32) (global.get $stack))
  (func (export "enter") (param $stack i32) (param $function i32) (param $callable i32) (param $args i32) (result i32)
    (global.set $stack (local.get $stack))
    (call_indirect (type $call) (local.get $callable) (local.get $args) (i32.const 0) (local.get $function)))
  (func $answer (param $callable i32) (param $args i32) (result i32)
    (call_indirect (type $call) (local.get $callable) (local.get $args) (i32.const 0) (global.get $function)))
  (func (export "stand") (param $side i32) (param $stack i32) (param $function i32)
    (global.set $stack (local.get $stack))
    (global.set $function (local.get $function))
    (table.set $sides (local.get $side) (ref.func $answer))))
