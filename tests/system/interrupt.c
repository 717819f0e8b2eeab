/*
 * Runs a program and kills it at a chosen moment, to see what it leaves behind:
 *
 *	interrupt NUMBER PROGRAM [ARGUMENT...]
 *
 * The program gets SIGKILL just before its NUMBERth system call that renames something or
 * makes or removes a name. Exits with 0 then, with 3 if the program came to its end
 * before, and with 1 if that was not a good one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

enum { ENDED = 3 };

static const long calls[] = {
#ifdef SYS_rename
	SYS_rename,
	SYS_mkdir,
	SYS_rmdir,
	SYS_unlink,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2,
	SYS_mkdirat,
	SYS_unlinkat,
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void run(char **arguments)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		die("ptrace");
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* it would want to trace, too */
	raise(SIGSTOP);
	execv(arguments[0], arguments);
	die(arguments[0]);
}

/* Whether the program is about to make a call that counts. */
static int counts(pid_t pid)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		die("PTRACE_GET_SYSCALL_INFO");
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if ((long)info.entry.nr == calls[i])
			return 1;
	return 0;
}

/* Lets the program go on to its next stop. Returns the signal that stopped it, 0 at its end. */
static int go_on(pid_t pid, int signal, int *ret_status)
{
	if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal) < 0)
		die("PTRACE_SYSCALL");
	if (waitpid(pid, ret_status, 0) < 0)
		die("waitpid");
	return WIFSTOPPED(*ret_status) ? WSTOPSIG(*ret_status) : 0;
}

int main(int argc, char **argv)
{
	int status, signal = 0;
	long left;
	pid_t pid;

	if (argc < 3)
		return 1;
	left = atol(argv[1]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run(argv + 2);
	if (waitpid(pid, &status, 0) < 0 || ptrace(PTRACE_SETOPTIONS, pid, NULL,
						    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		die("PTRACE_SETOPTIONS");
	while ((signal = go_on(pid, signal, &status)) != 0) {
		if (signal != (SIGTRAP | 0x80)) {
			signal = signal == SIGTRAP ? 0 : signal; /* of the exec */
			continue;
		}
		signal = 0;
		if (counts(pid) && --left == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return 0;
		}
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ENDED : 1;
}
