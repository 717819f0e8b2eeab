/* Programs that a benchmark starts, and what the kernel says of them. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The path of a program that was built here, named by its path below the top. */
const char *process_built(const char *name, char path[static PATH_MAX]);

/*
 * Starts a program, which ends with this process. A listen_fd that is not negative is handed
 * over as by systemd, and stays the caller's. Returns the process id or -errno; a program
 * that cannot be run says so on standard error, and ends.
 */
pid_t process_start(const char *const argv[], int listen_fd);

/* Sends a signal and waits for the end; a pid that is not positive is no process. */
void process_end(pid_t pid, int signal);

/* Nanoseconds of processor time that it has used, or -errno. */
int64_t process_cpu_ns(pid_t pid);

/*
 * Bytes of memory: an entry of /proc/PID/FILE, such as "Pss" of smaps_rollup or "VmRSS" of
 * status. Or -errno.
 */
int64_t process_memory(pid_t pid, const char *file, const char *entry);

/* Waits until it has no more than so many descriptors. Returns 0, -ETIMEDOUT or -errno. */
int process_await_descriptors(pid_t pid, int64_t most);

/* How many descriptors it has, or -errno. */
int64_t process_descriptors(pid_t pid);
