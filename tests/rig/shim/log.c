/* liblog.so: what a phone writes to logcat, which is not the program's stderr and which nobody reads here. */
#include <stdarg.h>

int __android_log_vprint(int priority, const char *tag, const char *format, va_list values) {
    (void)priority, (void)tag, (void)format, (void)values;
    return 1;
}
int __android_log_print(int priority, const char *tag, const char *format, ...) {
    (void)priority, (void)tag, (void)format;
    return 1;
}
int __android_log_write(int priority, const char *tag, const char *text) {
    (void)priority, (void)tag, (void)text;
    return 1;
}
