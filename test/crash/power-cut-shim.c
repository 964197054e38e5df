/*
 * A power cut under a real process, by LD_PRELOAD. Writes below one folder go through to the files, and what they
 * wrote over is remembered until the file is synced. When the power goes, a seeded part of what was not synced is
 * taken back, sector by sector, and the process is gone without another instruction.
 *
 *   write ──► remember what was there ──► file            power cut: for each sector that was not synced, newest first,
 *   fsync ──► file ──► forget                             keep it, or put back what was there before
 *
 * What is modelled: sectors of 512 bytes are written whole, in any order; a file that grew has any length between; a
 * truncation is there or not, and is undone only when nothing after it is there; names (create, rename, unlink) are undone newest first, as
 * a file system with an ordered journal does, and are certain after any fsync in the folder. The log's shared memory
 * (-shm) is mapped, not written: SQLite makes it anew after a power cut.
 *
 *   VUON_CUT_BELOW=/folder   VUON_CUT_AFTER=n calls (0: only SIGUSR2)   VUON_CUT_SEED=n
 *   VUON_CUT_NOTE=/file      one line of what was lost                   VUON_CUT_LIES=1 a card that forgets what it synced
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512
#define MOST_FILES 512
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A file by its inode, with a descriptor of our own that is never closed: closing one drops the process's locks. */
struct file {
  dev_t dev;
  ino_t ino;
  int fd;
  off_t synced_size;
  int has_later; /* something that was written after what is looked at is kept */
  unsigned char *kept;
  size_t kept_sectors;
};

struct undo {
  enum { WRITE, TRUNCATE } kind;
  int file;
  off_t offset;
  off_t size; /* of the file, before */
  off_t synced_size;
  size_t length;
  unsigned char *old;
  size_t old_length;
};

struct name {
  enum { CREATE, RENAME, UNLINK } kind;
  char *from, *to, *aside;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file files[MOST_FILES];
static int file_count;
static struct undo *undos;
static size_t undo_count, undo_room;
static struct name *names;
static size_t name_count, name_room;
static char below[PATH_MAX];
static size_t below_length;
static const char *note;
static long calls, cut_after;
static volatile sig_atomic_t is_asked;
static int is_lying, asides;
static uint64_t state;
static long kept_sectors, lost_sectors, lost_names;

static double chance(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (double)(state >> 11) / 9007199254740992.0;
}

static void asked(int signal) {
  (void)signal;
  is_asked = 1;
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("VUON_CUT_BELOW");
  if (!folder || !realpath(folder, below)) return;
  below_length = strlen(below);
  cut_after = getenv("VUON_CUT_AFTER") ? atol(getenv("VUON_CUT_AFTER")) : 0;
  state = 0x9e3779b97f4a7c15ull ^ (getenv("VUON_CUT_SEED") ? strtoull(getenv("VUON_CUT_SEED"), 0, 10) : 0);
  for (int i = 0; i < 8; i++) chance();
  note = getenv("VUON_CUT_NOTE");
  is_lying = getenv("VUON_CUT_LIES") != NULL;
  signal(SIGUSR2, asked);
}

static int is_path_below(const char *path) {
  return below_length && !strncmp(path, below, below_length) && path[below_length] == '/';
}

/* The number of a regular file below the folder, or -1. */
static int file_of(int fd) {
  char link[32], path[PATH_MAX];
  struct stat found;
  if (!below_length) return -1;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return -1;
  path[length] = 0;
  if (!is_path_below(path) || fstat(fd, &found) || !S_ISREG(found.st_mode)) return -1;
  for (int i = 0; i < file_count; i++)
    if (files[i].ino == found.st_ino && files[i].dev == found.st_dev && files[i].fd >= 0) return i;
  if (file_count == MOST_FILES) abort();
  files[file_count].dev = found.st_dev;
  files[file_count].ino = found.st_ino;
  files[file_count].synced_size = found.st_size;
  files[file_count].fd = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC);
  return files[file_count].fd < 0 ? -1 : file_count++;
}

static off_t size_of(int file) {
  struct stat found;
  return fstat(files[file].fd, &found) ? 0 : found.st_size;
}

static void remember(int kind, int file, off_t offset, size_t length) {
  off_t size = size_of(file);
  off_t end = kind == WRITE ? offset + (off_t)length : size;
  size_t old_length = offset < size ? (size_t)((end < size ? end : size) - offset) : 0;
  if (undo_count == undo_room) undos = realloc(undos, (undo_room = undo_room * 2 + 256) * sizeof *undos);
  struct undo *undo = &undos[undo_count++];
  *undo = (struct undo){kind, file, offset, size, files[file].synced_size, length, malloc(old_length + 1), old_length};
  for (size_t at = 0; at < old_length;) {
    ssize_t got = pread(files[file].fd, undo->old + at, old_length - at, offset + (off_t)at);
    if (got <= 0) break;
    at += (size_t)got;
  }
}

static void remember_name(int kind, const char *from, const char *to) {
  char aside[PATH_MAX + 32];
  aside[0] = 0;
  const char *victim = kind == UNLINK ? from : kind == RENAME ? to : NULL;
  if (victim) {
    snprintf(aside, sizeof aside, "%s/.before-the-cut-%d-%d", below, (int)getpid(), asides++);
    if (link(victim, aside)) aside[0] = 0;
  }
  if (name_count == name_room) names = realloc(names, (name_room = name_room * 2 + 64) * sizeof *names);
  names[name_count++] = (struct name){kind, strdup(from), to ? strdup(to) : NULL, aside[0] ? strdup(aside) : NULL};
}

static void synced(int file) {
  if (is_lying) return;
  size_t left = 0;
  for (size_t i = 0; i < undo_count; i++) {
    if (undos[i].file == file) free(undos[i].old);
    else undos[left++] = undos[i];
  }
  undo_count = left;
  files[file].synced_size = size_of(file);
  for (size_t i = 0; i < name_count; i++)
    if (names[i].aside) syscall(SYS_unlinkat, AT_FDCWD, names[i].aside, 0);
  name_count = 0;
}

static void write_back(int file, const unsigned char *bytes, size_t length, off_t offset) {
  for (size_t at = 0; at < length;) {
    ssize_t wrote = syscall(SYS_pwrite64, files[file].fd, bytes + at, length - at, offset + (off_t)at);
    if (wrote <= 0) break;
    at += (size_t)wrote;
  }
}

static int is_kept(struct file *file, off_t sector, double share) {
  size_t at = (size_t)sector;
  if (at >= file->kept_sectors) {
    size_t more = at + 1024;
    file->kept = realloc(file->kept, more);
    memset(file->kept + file->kept_sectors, 0, more - file->kept_sectors);
    file->kept_sectors = more;
  }
  if (!file->kept[at] && chance() < share) file->kept[at] = 1;
  return file->kept[at];
}

static void take_back_write(struct undo *undo, double share) {
  static const unsigned char zeros[SECTOR];
  struct file *file = &files[undo->file];
  off_t end = undo->offset + (off_t)undo->length;
  for (off_t sector = undo->offset / SECTOR; sector * SECTOR < end; sector++) {
    if (is_kept(file, sector, share)) {
      kept_sectors++, file->has_later = 1;
      continue;
    }
    lost_sectors++;
    off_t from = sector * SECTOR > undo->offset ? sector * SECTOR : undo->offset;
    off_t to = (sector + 1) * SECTOR < end ? (sector + 1) * SECTOR : end;
    off_t had = undo->offset + (off_t)undo->old_length;
    if (from < had) write_back(undo->file, undo->old + (from - undo->offset), (size_t)((to < had ? to : had) - from), from);
    if (to > had) write_back(undo->file, zeros, (size_t)(to - (from > had ? from : had)), from > had ? from : had);
  }
}

static void take_back_names(void) {
  size_t certain = (size_t)(chance() * (double)(name_count + 1));
  while (name_count > certain) {
    struct name *name = &names[--name_count];
    lost_names++;
    if (name->kind == CREATE) syscall(SYS_unlinkat, AT_FDCWD, name->from, 0);
    if (name->kind == RENAME) syscall(SYS_renameat, AT_FDCWD, name->to, AT_FDCWD, name->from);
    if (name->aside)
      syscall(SYS_renameat, AT_FDCWD, name->aside, AT_FDCWD, name->kind == UNLINK ? name->from : name->to);
  }
  for (size_t i = 0; i < name_count; i++)
    if (names[i].aside) syscall(SYS_unlinkat, AT_FDCWD, names[i].aside, 0);
}

/* The power goes. Nothing of this process runs after it. */
static void cut(const char *during) {
  double kind = chance();
  double share = kind < 0.15 ? 0 : kind > 0.85 ? 1 : chance();
  for (size_t i = undo_count; i-- > 0;) {
    struct undo *undo = &undos[i];
    struct file *file = &files[undo->file];
    if (undo->kind == WRITE) take_back_write(undo, share);
    else if (!file->has_later && chance() >= share) {
      write_back(undo->file, undo->old, undo->old_length, undo->offset);
      if (!undo->old_length) syscall(SYS_ftruncate, file->fd, undo->size);
      /* A file system journals a new size whole: the old one, or the new one, and nothing between. */
      file->synced_size = undo->synced_size;
    } else file->has_later = 1;
  }
  for (int i = 0; i < file_count; i++) {
    off_t size = size_of(i);
    /* Of a file that grew, the end may not be there, with all that stands in it. */
    if (size > files[i].synced_size && chance() < 0.4)
      syscall(SYS_ftruncate, files[i].fd,
              files[i].synced_size + (off_t)(chance() * (double)(size - files[i].synced_size + 1)));
  }
  take_back_names();
  if (note) {
    char line[256];
    int length = snprintf(line, sizeof line, "{\"calls\":%ld,\"during\":\"%s\",\"kept\":%ld,\"lost\":%ld,\"names\":%ld}\n",
                          calls, during, kept_sectors, lost_sectors, lost_names);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, note, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd >= 0) syscall(SYS_write, fd, line, (size_t)length);
  }
  syscall(SYS_exit_group, 137);
}

/* Counts a call; true when the power goes in it. */
static int is_due(void) {
  calls++;
  return is_asked || (cut_after && calls >= cut_after);
}

#define CUT_IF_DUE(due, during) if (due) cut(during)

static ssize_t written(int fd, const void *bytes, size_t length, off_t offset, int has_offset) {
  ssize_t result;
  pthread_mutex_lock(&lock);
  int file = file_of(fd);
  if (file >= 0) {
    off_t at = offset;
    if (!has_offset) at = fcntl(fd, F_GETFL) & O_APPEND ? size_of(file) : lseek(fd, 0, SEEK_CUR);
    remember(WRITE, file, at, length);
  }
  result = has_offset ? syscall(SYS_pwrite64, fd, bytes, length, offset) : syscall(SYS_write, fd, bytes, length);
  CUT_IF_DUE(file >= 0 && is_due(), "write");
  pthread_mutex_unlock(&lock);
  return result;
}

ssize_t write(int fd, const void *bytes, size_t length) {
  /* Pipes and sockets are none of our business, and the one that we say our word on must not wait for a disk. */
  struct stat found;
  if (!below_length || fstat(fd, &found) || !S_ISREG(found.st_mode)) return syscall(SYS_write, fd, bytes, length);
  return written(fd, bytes, length, 0, 0);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return written(fd, bytes, length, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) { return written(fd, bytes, length, offset, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
  struct stat found;
  if (!below_length || fstat(fd, &found) || !S_ISREG(found.st_mode)) return syscall(SYS_writev, fd, parts, count);
  ssize_t total = 0;
  for (int i = 0; i < count; i++) {
    ssize_t wrote = written(fd, parts[i].iov_base, parts[i].iov_len, 0, 0);
    if (wrote < 0) return total ? total : wrote;
    total += wrote;
  }
  return total;
}

static int flushed(int fd, int (*real)(int)) {
  pthread_mutex_lock(&lock);
  int file = file_of(fd);
  int due = file >= 0 && is_due();
  /* Cut before anything is certain, or after all of it is and nobody was told. */
  if (due && chance() < 0.7) cut("fsync");
  int result = real(fd);
  if (!result && file >= 0) synced(file);
  CUT_IF_DUE(due, "synced");
  pthread_mutex_unlock(&lock);
  return result;
}
int fsync(int fd) { return flushed(fd, REAL(fsync)); }
int fdatasync(int fd) { return flushed(fd, REAL(fdatasync)); }

static int cut_short(int fd, off_t size) {
  pthread_mutex_lock(&lock);
  int file = file_of(fd);
  if (file >= 0) {
    remember(TRUNCATE, file, size, 0);
    if (size < files[file].synced_size) files[file].synced_size = size;
  }
  int result = (int)syscall(SYS_ftruncate, fd, size);
  CUT_IF_DUE(file >= 0 && is_due(), "truncate");
  pthread_mutex_unlock(&lock);
  return result;
}
int ftruncate(int fd, off_t size) { return cut_short(fd, size); }
int ftruncate64(int fd, off64_t size) { return cut_short(fd, size); }

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  int is_ours = is_path_below(from) && is_path_below(to);
  if (is_ours) remember_name(RENAME, from, to);
  int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
  if (is_ours && result) name_count--;
  CUT_IF_DUE(is_ours && is_due(), "rename");
  pthread_mutex_unlock(&lock);
  return result;
}

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  int is_ours = is_path_below(path);
  if (is_ours) remember_name(UNLINK, path, NULL);
  int result = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (is_ours && result) name_count--;
  CUT_IF_DUE(is_ours && is_due(), "unlink");
  pthread_mutex_unlock(&lock);
  return result;
}

static int opened(const char *path, int flags, mode_t mode) {
  pthread_mutex_lock(&lock);
  int is_new = (flags & O_CREAT) && is_path_below(path) && access(path, F_OK);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (is_new && fd >= 0) remember_name(CREATE, path, NULL);
  pthread_mutex_unlock(&lock);
  return fd;
}
#define MODE(flags) \
  mode_t mode = 0; \
  if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(path, flags, mode); }
