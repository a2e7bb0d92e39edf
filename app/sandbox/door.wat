;; The way back into a guest whose memory is a copy of a finished start: sets the guest's stack pointer,
;; which no memory image holds, and calls a function of its table.
(module
  (import "guest" "__indirect_function_table" (table 1 funcref))
  (import "guest" "__stack_pointer" (global $stack (mut i32)))
  (type $call (func (param i32 i32 i32) (result i32)))
  (func (export "stack") (result i32) (global.get $stack))
  (func (export "enter") (param $stack i32) (param $function i32) (param $callable i32) (param $args i32) (result i32)
    (global.set $stack (local.get $stack))
    (call_indirect (type $call) (local.get $callable) (local.get $args) (i32.const 0) (local.get $function))))
