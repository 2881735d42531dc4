/* A graphics library of a phone without graphics: every function answers 0, which is "no display". */
    .macro absent name
    .globl \name
    .type \name, %function
\name:
    mov x0, #0
    ret
    .size \name, . - \name
    .endm

    .text
    .include NAMES
    .section .note.GNU-stack, "", %progbits
