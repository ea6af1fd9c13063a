;; The least that a filter can be: every record comes back as it came, by its own address. What Fluent Bit itself
;; does for a wasm filter (JSON out, a copy into the guest, JSON in) is all that is left.
(module
  (memory (export "memory") 1024)
  (global $top (mut i32) (i32.const 1024))
  ;; The host has at most a tag and a record in here at a time, and frees both: each record starts anew.
  (global $live (mut i32) (i32.const 0))
  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32)
    (if (i32.eqz (global.get $live)) (then (global.set $top (i32.const 1024))))
    (global.set $live (i32.add (global.get $live) (i32.const 1)))
    (local.set $at (global.get $top))
    (global.set $top
      (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 15)) (i32.const -16)))
    (local.get $at))
  (func (export "free") (param i32)
    (global.set $live (i32.sub (global.get $live) (i32.const 1))))
  (func (export "schtag_filter") (param i32 i32 i32 i32 i32 i32) (result i32)
    (local.get 4)))
