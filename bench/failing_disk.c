/* Makes the nth write below a folder fail, for bench/disk.py. Loaded with LD_PRELOAD; armed from Python. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char below[4096];
static long left = -1, seen = 0;
static int with = 0, sticky = 0;

/* From now on the write after `n` more fails with `error`; all later ones too when `for_good`. -1: none does. */
void failing_disk_arm(const char *folder, long n, int error, int for_good) {
  strncpy(below, folder, sizeof below - 1);
  left = n; with = error; sticky = for_good; seen = 0;
}

long failing_disk_seen(void) { return seen; }

static int fails(int fd) {
  char link[64], path[4096];
  if (!below[0]) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n <= 0) return 0;
  path[n] = 0;
  if (strncmp(path, below, strlen(below))) return 0;
  seen++;
  if (left < 0) return 0;
  if (left > 0) { left--; return 0; }
  if (!sticky) left = -1;
  errno = with;
  return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *b, size_t n) { REAL(write); return fails(fd) ? -1 : real(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) { REAL(pwrite); return fails(fd) ? -1 : real(fd, b, n, o); }
ssize_t pwrite64(int fd, const void *b, size_t n, off64_t o) { REAL(pwrite64); return fails(fd) ? -1 : real(fd, b, n, o); }
int fsync(int fd) { REAL(fsync); return fails(fd) ? -1 : real(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails(fd) ? -1 : real(fd); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); return fails(fd) ? -1 : real(fd, n); }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); return fails(fd) ? -1 : real(fd, n); }
