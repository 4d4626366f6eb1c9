/* SPDX-License-Identifier: Apache-2.0 */
/* Functions with frames that no compiler makes, but that libraries' assembly has. Those with
 * (called, argument) call called(argument); those with (rounds) only compute.
 */
	.text

	.macro function name
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.endm

	.macro end name
	.size \name, . - \name
	.endm

/* long asm_tiny(void): no frame at all */
	function asm_tiny
	.cfi_startproc
	mov $1, %eax
	ret
	.cfi_endproc
	end asm_tiny

/* void asm_push_pop(long rounds): the stack moves in the middle of the loop */
	function asm_push_pop
	.cfi_startproc
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	mov %rdi, %rbx
1:	push %rbx
	.cfi_adjust_cfa_offset 8
	push $7
	.cfi_adjust_cfa_offset 8
	sub $40, %rsp
	.cfi_adjust_cfa_offset 40
	call asm_tiny
	add $40, %rsp
	.cfi_adjust_cfa_offset -40
	pop %rax
	.cfi_adjust_cfa_offset -8
	pop %rax
	.cfi_adjust_cfa_offset -8
	dec %rbx
	jnz 1b
	pop %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	end asm_push_pop

/* void asm_two_exits(long rounds): rules before an exit come back after it */
	function asm_two_exits
	.cfi_startproc
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	sub $72, %rsp
	.cfi_adjust_cfa_offset 72
	test $1, %dil
	jz 2f
	add $72, %rsp
	.cfi_remember_state
	.cfi_adjust_cfa_offset -72
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_restore_state
2:	mov $20, %ecx
	xor %ebp, %ebp
3:	dec %ecx
	jnz 3b
	add $72, %rsp
	.cfi_adjust_cfa_offset -72
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_two_exits

/* void asm_cfa_r10(long rounds): the frame is found by a register that only a leaf still has */
	function asm_cfa_r10
	.cfi_startproc
	lea 8(%rsp), %r10
	.cfi_def_cfa %r10, 0
	sub $0x1238, %rsp
	and $-128, %rsp
1:	dec %rdi
	jnz 1b
	lea -8(%r10), %rsp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	end asm_cfa_r10

/* void asm_cfa_rbx(called, argument): the frame is found by a register that callees save */
	function asm_cfa_rbx
	.cfi_startproc
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	mov %rsp, %rbx
	.cfi_def_cfa_register %rbx
	sub $0x128, %rsp
	and $-64, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	mov %rbx, %rsp
	.cfi_def_cfa_register %rsp
	pop %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	end asm_cfa_rbx

/* void asm_cfa_rbp_odd(called, argument): rbp points to somewhere in the middle of the frame */
	function asm_cfa_rbp_odd
	.cfi_startproc
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	push %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	lea -0x28(%rsp), %rbp
	.cfi_def_cfa %rbp, 0x40
	sub $0x98, %rsp
	and $-64, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	lea 0x28(%rbp), %rsp
	.cfi_def_cfa %rsp, 24
	pop %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_cfa_rbp_odd

/* void asm_cfa_stored(called, argument): the old stack pointer lies in the frame, as in libcrypto */
	function asm_cfa_stored
	.cfi_startproc
	mov %rsp, %rax
	.cfi_def_cfa_register %rax
	sub $0xd8, %rsp
	and $-64, %rsp
	mov %rax, 0x18(%rsp)
	/* DW_CFA_def_cfa_expression: DW_OP_breg7 0x18, DW_OP_deref, DW_OP_plus_uconst 8 */
	.cfi_escape 0x0f, 5, 0x77, 0x18, 0x06, 0x23, 0x08
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	mov 0x18(%rsp), %rsp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	end asm_cfa_stored

/* void asm_garbage_rbp(called, argument): rbp is a number like any other register */
	function asm_garbage_rbp
	.cfi_startproc
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	movabs $0x7fffdeadbeef0008, %rbp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_garbage_rbp

/* void asm_rbp_in_r11(long rounds): rbp is saved in another register */
	function asm_rbp_in_r11
	.cfi_startproc
	mov %rbp, %r11
	.cfi_register %rbp, %r11
	xor %ebp, %ebp
1:	inc %rbp
	cmp %rbp, %rdi
	jne 1b
	mov %r11, %rbp
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_rbp_in_r11

/* void asm_return_in_rdx(long rounds): as the C library's vfork, the return address in a register */
	function asm_return_in_rdx
	.cfi_startproc
	pop %rdx
	.cfi_adjust_cfa_offset -8
	.cfi_register %rip, %rdx
1:	dec %rdi
	jnz 1b
	push %rdx
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rip, -8
	ret
	.cfi_endproc
	end asm_return_in_rdx

/* void asm_huge_frame(called, argument): an offset of more than 16 bits */
	function asm_huge_frame
	.cfi_startproc
	sub $0x14348, %rsp
	.cfi_adjust_cfa_offset 0x14348
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $0x14348, %rsp
	.cfi_adjust_cfa_offset -0x14348
	ret
	.cfi_endproc
	end asm_huge_frame

/* void asm_no_cfi(called, argument): no unwind information, but a frame pointer, amid code that has
 * unwind information
 */
	function asm_no_cfi
	push %rbp
	mov %rsp, %rbp
	push %rbx
	push %rbx
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	pop %rbx
	pop %rbx
	pop %rbp
	ret
	end asm_no_cfi

/* void asm_no_cfi_leaf(long rounds): the same as a leaf */
	function asm_no_cfi_leaf
	push %rbp
	mov %rsp, %rbp
	sub $0x40, %rsp
1:	dec %rdi
	jnz 1b
	leave
	ret
	end asm_no_cfi_leaf

/* void asm_no_cfi_no_frame(called, argument): no frame pointer either, only a symbol */
	function asm_no_cfi_no_frame
	push %rbx
	sub $0x90, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $0x90, %rsp
	pop %rbx
	ret
	end asm_no_cfi_no_frame

/* void asm_no_cfi_garbage_rbp(called, argument): the same, and rbp is a number */
	function asm_no_cfi_garbage_rbp
	push %rbp
	sub $0x50, %rsp
	movabs $0x7fffdeadbeef0008, %rbp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $0x50, %rsp
	pop %rbp
	ret
	end asm_no_cfi_garbage_rbp

/* void asm_no_cfi_no_frame_leaf(long rounds): the same as a leaf */
	function asm_no_cfi_no_frame_leaf
	push %rbp
	push %rbx
	sub $0x40, %rsp
	xor %ebp, %ebp
1:	dec %rdi
	jnz 1b
	add $0x40, %rsp
	pop %rbx
	pop %rbp
	ret
	end asm_no_cfi_no_frame_leaf

/* void asm_nameless(called, argument): neither unwind information nor a symbol, but a frame
 * pointer, between functions that have both
 */
	.p2align 4
.Lnameless:
	push %rbp
	mov %rsp, %rbp
	push %rbx
	sub $0x38, %rsp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $0x38, %rsp
	pop %rbx
	pop %rbp
	ret

/* void asm_nameless_leaf(long rounds): the same as a leaf */
	.p2align 4
.Lnameless_leaf:
	push %rbp
	mov %rsp, %rbp
	sub $0x40, %rsp
1:	dec %rdi
	jnz 1b
	leave
	ret

	.section .data.rel.ro, "aw"
	.balign 8
	.globl asm_nameless
asm_nameless:
	.quad .Lnameless
	.globl asm_nameless_leaf
asm_nameless_leaf:
	.quad .Lnameless_leaf
	.text

/* void asm_moved(called, argument): alone on its page, which can be moved; no frame pointer */
	.p2align 12
	function asm_moved
	.cfi_startproc
	push %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	sub $0x120, %rsp
	.cfi_adjust_cfa_offset 0x120
	movabs $0x7fffdeadbeef0008, %rbp
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	add $0x120, %rsp
	.cfi_adjust_cfa_offset -0x120
	pop %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	end asm_moved
	.p2align 12

/* void asm_ends_in_call(called, argument): the address it never returns to is another function's */
	function asm_ends_in_call
	.cfi_startproc
	sub $0x88, %rsp
	.cfi_adjust_cfa_offset 0x88
	mov %rdi, %rax
	mov %rsi, %rdi
	call *%rax
	.cfi_endproc
	end asm_ends_in_call

/* void asm_faults_at_once(char *bad): its first instruction is interrupted, and is no call; right
 * before it there is other code, of another frame
 */
	.globl asm_faults_at_once
	.type asm_faults_at_once, @function
asm_faults_at_once:
	.cfi_startproc
	movb $1, (%rdi)
	ret
	.cfi_endproc
	end asm_faults_at_once

	.section .note.GNU-stack, "", @progbits
