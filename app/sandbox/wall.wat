;; What stands between two guests in one store: a letter that lies in neither's memory, and a door into each.
(module
  (memory (export "letter") 1)
  (table (export "sides") 2 funcref)
  (global (export "at") (mut i32) (i32.const 0))
  (global (export "end") (mut i32) (i32.const 0))
  (global (export "sent") (mut i32) (i32.const 0)))  ;; 1: the letter waits for the call that hands it over
