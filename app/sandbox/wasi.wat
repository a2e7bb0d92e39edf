;; WASI preview 1, all of it, without a host: the guest's whole world is this module.
;;
;; No function of the embedding process is ever imported, so the guest cannot call into it: there is no
;; file, socket, clock, source of entropy, thread or process to be had, and no callback that would need
;; executable memory. What goes in and out stands in the second memory, which the guest cannot address:
;;
;;   0 args count     4 args bytes     8 environ count   12 environ bytes
;;  16 + 8*n          start and end of input n = 0, 1, 2; fd_seek(0, n) rewinds standard input to input n; an input that the
;;                    host has not handed out yet is empty
;;  40                1 where another guest is: standard input leads to it, too. 44 its side of the wall (see wall.wat), 48 and
;;                    52 the Python function that is called there and its tuple of arguments
;;  64                the args, then the environ, each string with its NUL
;;  0x010000          room for the inputs
;;  0x3E0000          standard output, 64 KiB
;;  0x3F0000          standard error, 64 KiB
;;
;; Errno: 0 success, 8 EBADF, 52 ENOSYS (WebAssembly/WASI, phases/snapshot/docs.md#errno).
;; Where there is another guest, what one writes to its standard input is a letter. Asking for the time after that (CPython does
;; so without letting go of its lock) calls the other, which reads the letter from its own standard input before anything else is
;; to be had there; it may leave a letter in the same way, and returns.
(module
  (type $side (func (param i32 i32) (result i32)))
  (import "wall" "letter" (memory $letter 1))
  (import "wall" "sides" (table $sides 2 funcref))
  (import "wall" "at" (global $letter_at (mut i32)))
  (import "wall" "end" (global $letter_end (mut i32)))
  (import "wall" "sent" (global $sent (mut i32)))
  (memory $guest (export "memory") {pages})
  (memory $pipe (export "pipe") 64)
  (global $at (mut i32) (i32.const 0))                        ;; next byte of the current input
  (global $end (mut i32) (i32.const 0))
  (global $out (export "out") (mut i32) (i32.const 0))        ;; bytes written to standard output
  (global $err (export "err") (mut i32) (i32.const 0))
  (global $exit (export "exit") (mut i32) (i32.const -1))     ;; status given to proc_exit
  (global $full (export "full") (mut i32) (i32.const 0))      ;; 1: more output than there is room for

  ;; Copies `count` strings from the pipe at `from` and writes where each begins.
  (func $strings (param $count i32) (param $bytes i32) (param $from i32) (param $table i32) (param $text i32) (result i32)
    (local $i i32)
    (memory.copy $guest $pipe (local.get $text) (local.get $from) (local.get $bytes))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (i32.store $guest (local.get $table) (i32.add (local.get $text) (local.get $i)))
      (local.set $table (i32.add (local.get $table) (i32.const 4)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (loop $skip
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $skip (i32.load8_u $pipe (i32.add (local.get $from) (i32.sub (local.get $i) (i32.const 1))))))
      (br $next)))
    (i32.const 0))
  (func (export "args_get") (param $table i32) (param $text i32) (result i32)
    (call $strings (i32.load $pipe (i32.const 0)) (i32.load $pipe (i32.const 4)) (i32.const 64) (local.get $table) (local.get $text)))
  (func (export "environ_get") (param $table i32) (param $text i32) (result i32)
    (call $strings (i32.load $pipe (i32.const 8)) (i32.load $pipe (i32.const 12))
      (i32.add (i32.const 64) (i32.load $pipe (i32.const 4))) (local.get $table) (local.get $text)))
  (func (export "args_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store $guest (local.get $count) (i32.load $pipe (i32.const 0)))
    (i32.store $guest (local.get $bytes) (i32.load $pipe (i32.const 4)))
    (i32.const 0))
  (func (export "environ_sizes_get") (param $count i32) (param $bytes i32) (result i32)
    (i32.store $guest (local.get $count) (i32.load $pipe (i32.const 8)))
    (i32.store $guest (local.get $bytes) (i32.load $pipe (i32.const 12)))
    (i32.const 0))

  ;; Time stands still at the epoch and a wait is over at once; entropy is zeros.
  (func (export "clock_res_get") (param $id i32) (param $at i32) (result i32)
    (i64.store $guest (local.get $at) (i64.const 1000))
    (i32.const 0))
  (func (export "clock_time_get") (param $id i32) (param $precision i64) (param $at i32) (result i32)
    (i64.store $guest (local.get $at) (i64.const 0))
    (if (i32.and (global.get $sent) (i32.load $pipe (i32.const 40)))
      (then
        (global.set $sent (i32.const 0))
        (drop (call_indirect $sides (type $side)
          (i32.load $pipe (i32.const 48)) (i32.load $pipe (i32.const 52)) (i32.load $pipe (i32.const 44))))
        (global.set $sent (i32.const 0))))
    (i32.const 0))
  (func $is_wall (param $fd i32) (result i32)
    (i32.and (i32.eqz (local.get $fd)) (i32.load $pipe (i32.const 40))))
  (func (export "poll_oneoff") (param $in i32) (param $events i32) (param $count i32) (param $seen i32) (result i32)
    (if (i32.ne (local.get $count) (i32.const 1)) (then (return (i32.const 52))))
    (if (i32.load8_u $guest offset=8 (local.get $in)) (then (return (i32.const 52))))  ;; 0 is a clock
    (memory.fill $guest (local.get $events) (i32.const 0) (i32.const 32))
    (memory.copy $guest $guest (local.get $events) (local.get $in) (i32.const 8))  ;; userdata
    (i32.store $guest (local.get $seen) (i32.const 1))
    (i32.const 0))
  (func (export "random_get") (param $at i32) (param $size i32) (result i32)
    (memory.fill $guest (local.get $at) (i32.const 0) (local.get $size))
    (i32.const 0))
  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; Three descriptors: character devices with every right, which is no terminal to wasi-libc's isatty.
  (func $is_stream (param $fd i32) (result i32) (i32.lt_u (local.get $fd) (i32.const 3)))
  (func (export "fd_fdstat_get") (param $fd i32) (param $at i32) (result i32)
    (if (i32.eqz (call $is_stream (local.get $fd))) (then (return (i32.const 8))))
    (memory.fill $guest (local.get $at) (i32.const 0) (i32.const 24))
    (i32.store8 $guest (local.get $at) (i32.const 2))
    (i64.store $guest offset=8 (local.get $at) (i64.const -1))
    (i32.const 0))
  (func (export "fd_filestat_get") (param $fd i32) (param $at i32) (result i32)
    (if (i32.eqz (call $is_stream (local.get $fd))) (then (return (i32.const 8))))
    (memory.fill $guest (local.get $at) (i32.const 0) (i32.const 64))
    (i32.store8 $guest offset=16 (local.get $at) (i32.const 2))
    (i32.const 0))
  (func (export "fd_seek") (param $fd i32) (param $to i64) (param $whence i32) (param $new i32) (result i32)
    (local $n i32)
    (if (i32.or (local.get $fd) (local.get $whence)) (then (return (i32.const 8))))
    (if (i64.gt_u (local.get $to) (i64.const 2)) (then (return (i32.const 8))))
    (local.set $n (i32.shl (i32.wrap_i64 (local.get $to)) (i32.const 3)))
    (global.set $at (i32.load $pipe offset=16 (local.get $n)))
    (global.set $end (i32.load $pipe offset=20 (local.get $n)))
    (if (i64.eq (local.get $to) (i64.const 2)) (then (i32.store $pipe (i32.const 36) (global.get $at))))  ;; to be read once
    (i64.store $guest (local.get $new) (local.get $to))
    (i32.const 0))
  ;; The letter: each side writes it whole and in one piece, and the other reads it in one piece.
  (func $take (param $iovs i32) (param $read i32) (result i32)
    (local $size i32)
    (local.set $size (i32.sub (global.get $letter_end) (global.get $letter_at)))
    (if (i32.gt_u (local.get $size) (i32.load $guest offset=4 (local.get $iovs)))
      (then (local.set $size (i32.load $guest offset=4 (local.get $iovs)))))
    (memory.copy $guest $letter (i32.load $guest (local.get $iovs)) (global.get $letter_at) (local.get $size))
    (global.set $letter_at (i32.add (global.get $letter_at) (local.get $size)))
    (i32.store $guest (local.get $read) (local.get $size))
    (i32.const 0))
  (func $put (param $iovs i32) (param $written i32) (result i32)
    (local $size i32) (local $lack i32)
    (local.set $size (i32.load $guest offset=4 (local.get $iovs)))
    (if (i32.gt_u (local.get $size) (i32.const 0x1000000)) (then (return (i32.const 48))))  ;; ENOMEM: above 16 MiB
    (local.set $lack (i32.sub (i32.shr_u (i32.add (local.get $size) (i32.const 0xFFFF)) (i32.const 16)) (memory.size $letter)))
    (if (i32.gt_s (local.get $lack) (i32.const 0))
      (then (if (i32.lt_s (memory.grow $letter (local.get $lack)) (i32.const 0)) (then (return (i32.const 48))))))
    (memory.copy $letter $guest (i32.const 0) (i32.load $guest (local.get $iovs)) (local.get $size))
    (global.set $letter_at (i32.const 0))
    (global.set $letter_end (local.get $size))
    (global.set $sent (i32.const 1))
    (i32.store $guest (local.get $written) (local.get $size))
    (i32.const 0))
  (func (export "fd_read") (param $fd i32) (param $iovs i32) (param $count i32) (param $read i32) (result i32)
    (local $size i32) (local $total i32)
    (if (local.get $fd) (then (return (i32.const 8))))
    (if (i32.and (call $is_wall (local.get $fd)) (i32.lt_u (global.get $letter_at) (global.get $letter_end)))
      (then (if (i32.eqz (global.get $sent)) (then (return (call $take (local.get $iovs) (local.get $read)))))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $size (i32.sub (global.get $end) (global.get $at)))
      (if (i32.gt_u (local.get $size) (i32.load $guest offset=4 (local.get $iovs)))
        (then (local.set $size (i32.load $guest offset=4 (local.get $iovs)))))
      (memory.copy $guest $pipe (i32.load $guest (local.get $iovs)) (global.get $at) (local.get $size))
      (global.set $at (i32.add (global.get $at) (local.get $size)))
      (local.set $total (i32.add (local.get $total) (local.get $size)))
      (local.set $iovs (i32.add (local.get $iovs) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
    (i32.store $guest (local.get $read) (local.get $total))
    (i32.const 0))

  ;; Appends to a stream's 64 KiB; one byte more and the guest ends here.
  (func $append (param $base i32) (param $have i32) (param $from i32) (param $size i32) (result i32)
    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 0x10000) (local.get $have)))
      (then (global.set $full (i32.const 1)) (unreachable)))
    (memory.copy $pipe $guest (i32.add (local.get $base) (local.get $have)) (local.get $from) (local.get $size))
    (i32.add (local.get $have) (local.get $size)))
  (func (export "fd_write") (param $fd i32) (param $iovs i32) (param $count i32) (param $written i32) (result i32)
    (local $from i32) (local $size i32) (local $total i32)
    (if (call $is_wall (local.get $fd)) (then (return (call $put (local.get $iovs) (local.get $written)))))
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $count)))
      (local.set $from (i32.load $guest (local.get $iovs)))
      (local.set $size (i32.load $guest offset=4 (local.get $iovs)))
      (if (i32.eq (local.get $fd) (i32.const 1))
        (then (global.set $out (call $append (i32.const 0x3E0000) (global.get $out) (local.get $from) (local.get $size))))
        (else (global.set $err (call $append (i32.const 0x3F0000) (global.get $err) (local.get $from) (local.get $size)))))
      (local.set $total (i32.add (local.get $total) (local.get $size)))
      (local.set $iovs (i32.add (local.get $iovs) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $next)))
    (i32.store $guest (local.get $written) (local.get $total))
    (i32.const 0))
  (func (export "proc_exit") (param $status i32)
    (global.set $exit (local.get $status))
    (unreachable))

  ;; What is refused: with EBADF where a descriptor would be needed, ENOSYS where the thing itself is missing.
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 52))
)
