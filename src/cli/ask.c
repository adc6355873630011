/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/ask.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "seamfs/base/mem.h"
#include "seamfs/net/secret.h"

static atomic_bool stop;

static void on_signal(int number)
{
	atomic_store(&stop, 1);
}

atomic_bool *ask_stop(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	/* No SA_RESTART: what is being read comes back. */
	struct sigaction how = {.sa_handler = on_signal};

	sigemptyset(&how.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		sigaction(numbers[i], &how, NULL);
	return &stop;
}

_Bool ask_terminal(void)
{
	return isatty(STDIN_FILENO) == 1;
}

/* Fills @text, which has room for SECRET_MAX bytes. A byte at a time: what is behind the line is somebody else's. */
static int read_line(char *text, struct err *e)
{
	size_t len = 0;
	ssize_t n;

	while (!atomic_load(&stop)) {
		n = read(STDIN_FILENO, text + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 && len == 0)
			return err_set(e, ENODATA, "standard input ended before everything was answered");
		if (n <= 0 || text[len] == '\n')
			break;
		if (++len == SECRET_MAX)
			return err_set(
				e, EINVAL, "a line of standard input is longer than %zu bytes", SECRET_MAX);
	}
	if (atomic_load(&stop))
		return err_set(e, EINTR, "stopped");
	if (len && text[len - 1] == '\r')
		len--;
	text[len] = '\0';
	return 0;
}

int ask_line(const char *prompt, _Bool hidden, char **ret, struct err *e)
{
	char *text = mem_alloc(SECRET_MAX + 1);
	struct termios before, quiet;
	_Bool terminal = ask_terminal();
	int r;

	hidden = hidden && terminal && tcgetattr(STDIN_FILENO, &before) == 0;
	if (hidden) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		quiet.c_lflag |= ECHONL;
		/* Before the prompt: who answers at once is not to be seen either. */
		tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
	}
	if (terminal) {
		fputs(prompt, stdout);
		fflush(stdout);
	}
	r = read_line(text, e);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	if (r == 0)
		*ret = str_dup(text);
	explicit_bzero(text, SECRET_MAX);
	free(text);
	return r;
}

int ask_yes(const char *question, struct err *e)
{
	_Bool yes;
	_cleanup_(mem_freep) char *answer = NULL;
	_cleanup_(mem_freep) char *prompt = str_format("%s [y/N] ", question);
	int r = ask_line(prompt, 0, &answer, e);

	if (r < 0)
		return r == -EINTR ? r : 0;
	yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
	return yes;
}
