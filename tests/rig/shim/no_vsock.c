/* Preloaded into adbd. A network namespace does not hold virtual sockets back: without this the
   daemon would listen on the host's. What adbd starts must see neither this library nor the
   variable that brought it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_no_trace(void) { unsetenv("LD_PRELOAD"); }

int socket(int domain, int type, int protocol) {
    if (domain == AF_VSOCK) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}
