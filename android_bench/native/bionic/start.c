/* What an NDK's crtbegin_dynamic.o does on 64-bit ARM (AOSP: bionic/libc/arch-common/bionic/crtbegin.c):
 * the kernel's stack goes to __libc_init, which sets the C library up and calls main. */

typedef void hook(void);
struct structors {
  hook **preinit_array, **init_array, **fini_array;
};

int main(int count, char **words);
__attribute__((noreturn)) void __libc_init(void *stack, hook *on_exit, int (*start)(int, char **),
                                           const struct structors *structors);

/* All NULL: the program has neither constructors nor destructors, and bionic tests for NULL. */
static const struct structors NONE;

__attribute__((used, noreturn)) static void start_main(void *stack) {
  __libc_init(stack, 0, main, &NONE);
}

__asm__(
    ".text\n"
    ".globl _start\n"
    ".type _start, %function\n"
    "_start:\n"
    "  bti j\n"
    "  mov x29, #0\n"
    "  mov x30, #0\n"
    "  mov x0, sp\n"
    "  b start_main\n"
    ".size _start, . - _start\n");

/* The lowest Android that may load it: API level 24, Android 7. */
__attribute__((section(".note.android.ident"), used, aligned(4))) static const struct {
  int name_size, content_size, type;
  char name[8];
  int api_level;
  char ndk_version[64], ndk_build[64];
} IDENT = {8, 4 + 64 + 64, 1, "Android", 24, "none", "0"};
