;; A small guest with the exports of schtag's base module, for tests of the host.
;;
;; What it does with a record depends on the third byte, the first of the first key of `{"…"}`:
;;   t  alert, severity high         o  observed, no severity      l  what was loaded, and how often it was called
;;   !  trap                         ~  never returns              9  an address outside memory
;;   z  an unterminated string       e  an empty string            g  text that is not JSON
;;   u  bytes that are not UTF-8     h  a deep memory demand       s  what the tag and the time were
;;   P  that the record is unreadable, with the first digits of the loaded pack's hash
;; Any other record comes back as it is, by its own address.
(module
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 65536))  ;; where the next allocation goes
  (global $live (mut i32) (i32.const 0))     ;; allocations not yet freed
  (global $calls (mut i32) (i32.const 0))
  (global $loaded (mut i32) (i32.const 0))   ;; the first byte of the loaded pack's hash
  (table 2 funcref)
  (elem (i32.const 0) func $alert $observed)
  (type $reply (func (result i32)))
  (data (i32.const 1024) "{\"schtag\":{\"verdict\":\"alert\",\"severity\":\"high\"}}\00")
  (data (i32.const 1280) "{\"schtag\":{\"verdict\":\"observed\"}}\00")
  (data (i32.const 1536) "{\"loaded\":\"-\",\"calls\":0}\00")
  (data (i32.const 1792) "nope\00")
  (data (i32.const 2048) "{\"a\":\"\ff\"}\00")
  (data (i32.const 2304) "{\"record\":\"not copied\"}\00")
  (data (i32.const 2560) "{\"tag\":\"???\",\"end\":\"?\",\"sec\":0}\00")

  (data (i32.const 2816) "{\"schtag\":{\"verdict\":\"unreadable\",\"severity\":\"medium\",\"pack\":\"------------\"}}\00")

  (func $alert (result i32) (i32.const 1024))
  (func $observed (result i32) (i32.const 1280))

  (func (export "malloc") (param $size i32) (result i32)
    (local $at i32) (local $end i32)
    (if (i32.eqz (global.get $live)) (then (global.set $top (i32.const 65536))))
    (local.set $at (global.get $top))
    (local.set $end (i32.and (i32.add (i32.add (local.get $at) (local.get $size)) (i32.const 7)) (i32.const -8)))
    (block $fits
      (br_if $fits (i32.le_u (local.get $end) (i32.shl (memory.size) (i32.const 16))))
      (br_if $fits (i32.ne (i32.const -1) (memory.grow (i32.add (i32.const 1) (i32.shr_u
        (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 16))))))
      (return (i32.const 0)))
    (global.set $top (local.get $end))
    (global.set $live (i32.add (global.get $live) (i32.const 1)))
    (local.get $at))

  (func (export "free") (param i32)
    (global.set $live (i32.sub (global.get $live) (i32.const 1))))

  ;; Takes format version 6. Wipes what it has read, and frees it.
  (func (export "schtag_load") (param $at i32) (param $len i32) (result i32)
    (if (i32.lt_u (local.get $len) (i32.const 66)) (then (return (i32.const 1))))
    (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 6)) (then (return (i32.const 2))))
    (call $only_when_loading (i32.load8_u offset=2 (local.get $at)))
    (memory.copy (i32.const 2878) (i32.add (local.get $at) (i32.const 2)) (i32.const 12))
    (memory.fill (local.get $at) (i32.const 0) (local.get $len))
    (global.set $live (i32.const 0))
    (i32.const 0))
  (func $only_when_loading (param i32) (global.set $loaded (local.get 0)))

  (func (export "schtag_filter")
    (param $tag i32) (param $tag_len i32) (param $sec i32) (param $nsec i32) (param $record i32) (param $len i32)
    (result i32)
    (local $what i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.eqz (local.get $record)) (then (return (i32.const 2304))))
    (local.set $what (i32.load8_u offset=2 (local.get $record)))
    (if (i32.eq (local.get $what) (i32.const 0x74)) ;; t
      (then (return (call_indirect (type $reply) (i32.const 0)))))
    (if (i32.eq (local.get $what) (i32.const 0x6f)) ;; o
      (then (return (call_indirect (type $reply) (i32.const 1)))))
    (if (i32.eq (local.get $what) (i32.const 0x6c)) ;; l
      (then
        (if (global.get $loaded) (then (i32.store8 (i32.const 1547) (global.get $loaded))))
        (i32.store8 (i32.const 1558) (i32.add (i32.const 0x30) (global.get $calls)))
        (return (i32.const 1536))))
    (if (i32.eq (local.get $what) (i32.const 0x21)) (then unreachable)) ;; !
    (if (i32.eq (local.get $what) (i32.const 0x7e)) (then (loop $ever (br $ever)))) ;; ~
    (if (i32.eq (local.get $what) (i32.const 0x39)) (then (return (i32.const -16)))) ;; 9
    (if (i32.eq (local.get $what) (i32.const 0x7a)) ;; z
      (then
        (memory.fill
          (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)) (i32.const 0x7a) (i32.const 8))
        (return (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 8)))))
    (if (i32.eq (local.get $what) (i32.const 0x65)) (then (return (i32.const 512)))) ;; e
    (if (i32.eq (local.get $what) (i32.const 0x67)) (then (return (i32.const 1792)))) ;; g
    (if (i32.eq (local.get $what) (i32.const 0x75)) (then (return (i32.const 2048)))) ;; u
    (if (i32.eq (local.get $what) (i32.const 0x50)) (then (return (i32.const 2816)))) ;; P
    (if (i32.eq (local.get $what) (i32.const 0x73)) ;; s
      (then
        (memory.copy (i32.const 2568) (local.get $tag) (i32.const 3))
        (i32.store8 (i32.const 2580)
          (i32.load8_u (i32.add (local.get $tag) (local.get $tag_len))))
        (i32.store8 (i32.const 2589) (i32.add (i32.const 0x30) (local.get $sec)))
        (return (i32.const 2560))))
    (local.get $record)))
