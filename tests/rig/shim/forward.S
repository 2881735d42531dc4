/* A library of bionic's name whose functions jump to others of the same name, whatever their arguments.
   NAMES is the file that lists them; forward.c fills the slots when the library is loaded. */
    .macro forward name
    .text
    .balign 4
    .globl \name
    .type \name, %function
\name:
    adrp x16, slot_\name
    ldr x16, [x16, :lo12:slot_\name]
    br x16
    .size \name, . - \name
    .section .slots, "aw"
slot_\name:
    .quad 0
    .section .names, "a"
    .asciz "\name"
    .endm

    .section .slots, "aw"
    .balign 8
    .globl forward_slots
    .hidden forward_slots
forward_slots:
    .section .names, "a"
    .globl forward_names
    .hidden forward_names
forward_names:

    .include NAMES

    .section .names, "a"
    .byte 0
    .section .note.GNU-stack, "", %progbits
