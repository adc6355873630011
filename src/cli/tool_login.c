/* SPDX-License-Identifier: Apache-2.0 */
/* "seamfs tool login": a person allows it in a browser, which comes back to us on loopback (RFC 8252 7.3). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/tool.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/net/oauth.h"
#include "seamfs/net/secret.h"

#define WAIT_MS	    300000 /* how long a person may take */
#define REQUEST_MS  2000   /* how long a browser may take to say what it wants */
#define MAX_REQUEST ((size_t)16 << 10)

extern char **environ;

/* ---- The browser comes back ---- */

static int listen_on(int port, int *ret_fd, int *ret_port, struct err *e)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return err_set(e, code, "cannot listen on 127.0.0.1:%d for the browser: %s; or use --paste",
			port, strerror(code));
	}
	*ret_fd = fd;
	*ret_port = ntohs(at.sin_port);
	return 0;
}

/* Reads a request's head into @text. 0, or -errno when there is none in time. */
static int read_head(int fd, char *text)
{
	int64_t deadline_ms = clock_steady_ms() + REQUEST_MS;
	size_t len = 0;

	text[0] = '\0';
	while (!strstr(text, "\r\n\r\n") && !strstr(text, "\n\n")) {
		int64_t left_ms = deadline_ms - clock_steady_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (left_ms <= 0 || len == MAX_REQUEST || poll(&p, 1, (int)left_ms) <= 0)
			return -ETIMEDOUT;
		n = read(fd, text + len, MAX_REQUEST - len);
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		len += (size_t)n;
		text[len] = '\0';
	}
	return 0;
}

static void answer(int fd, const char *status, const char *text)
{
	_cleanup_(mem_freep) char *page = str_format("<!DOCTYPE html><title>seamfs</title><p>%s</p>\n", text);
	_cleanup_(mem_freep) char *whole =
		str_format("HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
			   "Content-Length: %zu\r\nCache-Control: no-store\r\n"
			   "Content-Security-Policy: default-src 'none'\r\n"
			   "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n%s",
			status, strlen(page), page);

	/* Whether anybody reads it is not our concern. */
	(void)send(fd, whole, strlen(whole), MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
}

/* The query of "GET /path?query HTTP/1.1"; given, a secret. NULL when it is no such request. */
static char *query_of(const char *head)
{
	const char *target, *mark;
	size_t len;

	if (strncmp(head, "GET /", 5) != 0)
		return NULL;
	target = head + 4;
	len = strcspn(target, " \r\n");
	mark = memchr(target, '?', len);
	return mark ? mem_dup(mark + 1, len - (size_t)(mark + 1 - target)) : NULL;
}

/* One visitor. Returns the query of the one that we wait for, else NULL. */
static char *visit(int fd, const struct oauth_login *login)
{
	char *head = mem_alloc(MAX_REQUEST + 1), *query = NULL;

	if (read_head(fd, head) == 0) {
		query = query_of(head);
		if (query && oauth_login_mine(login, query)) {
			answer(fd, "200 OK", "That is all. The terminal says whether seamfs is logged in.");
		} else {
			secret_wipe_text(query);
			query = NULL;
			answer(fd, "400 Bad Request", "That is not the answer that seamfs waits for.");
		}
	}
	explicit_bzero(head, MAX_REQUEST);
	free(head);
	return query;
}

static int await_browser(
	int fd, const struct oauth_login *login, const atomic_bool *stop, char **ret, struct err *e)
{
	int64_t deadline_ms = clock_steady_ms() + WAIT_MS;
	int64_t left_ms;

	while ((left_ms = deadline_ms - clock_steady_ms()) > 0 && !atomic_load(stop)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int visitor;

		if (poll(&p, 1, (int)left_ms) <= 0)
			continue;
		visitor = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (visitor < 0)
			continue;
		*ret = visit(visitor, login);
		close(visitor);
		if (*ret)
			return 0;
	}
	if (atomic_load(stop))
		return err_set(e, EINTR, "stopped");
	return err_set(e, ETIMEDOUT,
		"nobody came back from the browser within %d minutes; begin again, or use --paste",
		WAIT_MS / 60000);
}

/* Opens the address where there is a desktop; without one, or the program, the person does. */
static void start_browser(const char *url)
{
	char program[] = "xdg-open", *argv[] = {program, (char *)url, NULL};
	posix_spawn_file_actions_t files;
	pid_t pid;

	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	(void)posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
}

/* ---- The login ---- */

static int by_paste(struct oauth *oauth, struct oauth_login *login, char **ret, struct err *e)
{
	int r = oauth_login_begin(oauth, 0, login, e);

	if (r < 0)
		return r;
	printf("Open this address in any browser:\n\n  %s\n\n"
	       "The last page may not load. Paste its address, or the code that it shows, and press Enter:\n",
		login->url);
	fflush(stdout);
	r = ask_line("", 0, ret, e);
	if (r == 0 && **ret)
		return 0;
	return r == -EINTR ? r : err_set(e, EINVAL, "there was nothing on standard input; begin again");
}

static int by_browser(
	struct oauth *oauth, struct oauth_login *login, const atomic_bool *stop, char **ret, struct err *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int port = oauth_login_port(oauth), r;

	if (port < 0)
		return err_set(e, EINVAL, "this tool does not come back to this machine; use --paste");
	r = listen_on(port, &fd, &port, e);
	if (r == 0)
		r = oauth_login_begin(oauth, port, login, e);
	if (r < 0)
		return r;
	printf("Open this address in a browser on this machine (elsewhere, use --paste):\n\n  %s\n\n",
		login->url);
	fflush(stdout);
	start_browser(login->url);
	return await_browser(fd, login, stop, ret, e);
}

int tool_log_in(const struct tool_setup *setup, struct oauth *oauth, _Bool paste, struct err *e)
{
	struct oauth_login login = {0};
	char *back = NULL;
	int r = paste ? by_paste(oauth, &login, &back, e) : by_browser(oauth, &login, setup->stop, &back, e);

	if (r == 0)
		r = oauth_login_redeem(oauth, &login, back, e);
	if (r == 0)
		printf("%s: logged in\n", setup->name);
	secret_wipe_text(back);
	oauth_login_finish(&login);
	oauth_free(oauth);
	return r;
}

enum exit_code tool_login(const struct stack *stack, const char *name, _Bool paste)
{
	atomic_bool stop = 0;
	int tool = stack_tool(stack, name);
	struct oauth *oauth = NULL;
	struct tool_setup setup;
	struct err e = {0};

	if (tool <= TOOL_LOCAL) {
		err_set(&e, EINVAL, "there is no tool called \"%s\" in %s", name, stack->path);
		return fail(EXIT_USAGE, &e);
	}
	setup = (struct tool_setup){.name = stack->tools[tool].name,
		.connector = stack->tools[tool].connector,
		.config = stack->tools[tool].config,
		.base_dir = stack->base_dir,
		.currency = stack->currency,
		.stop = &stop};
	if (connect_oauth(&setup, &oauth, &e) < 0) {
		err_prefix(&e, name);
		return fail(EXIT_CONFIG, &e);
	}
	return tool_log_in(&setup, oauth, paste, &e) < 0 ? fail(EXIT_TOOL, &e) : EXIT_OK;
}
