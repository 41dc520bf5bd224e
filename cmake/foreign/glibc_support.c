/* The few functions that exist in every glibc under other names but as plain symbols only in recent ones. Linked into the
 * libraries that live in foreign processes, hidden there, so that portable code compiles unchanged and needs nothing newer
 * than glibc 2.17. Pulled from a static library: what nobody calls is not in the binary.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc 2.33 made these symbols; before, they were inline wrappers of __fxstat. */
int fstat(int fd, struct stat* out) { return (int)syscall(SYS_fstat, fd, out); }
int stat(const char* path, struct stat* out) { return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0); }
int lstat(const char* path, struct stat* out) { return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, AT_SYMLINK_NOFOLLOW); }
