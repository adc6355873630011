/* SPDX-License-Identifier: Apache-2.0 */
/* The listener and those who talk to it: good ones, slow ones, too many, too much. */
#include "seamfs/net/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "test.h"

static char address[80];
static atomic_int calls;

static void answer(void *context, const struct listen_request *r, struct listen_answer *a)
{
	const char *name = listen_header(r, "X-Name");

	atomic_fetch_add(&calls, 1);
	buf_printf(&a->body, "%s %s %zu %s", r->method, r->target, r->len, name ? name : "-");
	a->header = str_dup("X-Back");
	a->value = str_dup("yes");
}

static struct listen *start(int seconds)
{
	struct listen *l = NULL;
	struct err e = {0};

	snprintf(address, sizeof(address), "unix:/tmp/seamfs-listen.%d", (int)getpid());
	check_int(listen_start(address, seconds, answer, NULL, &l, &e), 0);
	check_text(e.text, "");
	atomic_store(&calls, 0);
	return l;
}

static int dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", address + 5);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	return fd;
}

static _Bool say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* What comes within @ms, until "END" is in it or the other side closes; given. */
static char *hear(int fd, const char *end, int ms)
{
	struct buf b = BUF_INIT(1 << 20);
	int64_t until = clock_steady_ms() + ms;
	char bytes[4096];

	while (!end || !strstr(buf_text(&b), end)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - clock_steady_ms();
		ssize_t n = left > 0 && poll(&p, 1, (int)left) > 0 ? read(fd, bytes, sizeof(bytes)) : 0;

		if (n <= 0)
			break;
		buf_add(&b, bytes, (size_t)n);
	}
	return buf_steal(&b);
}

static void ask(int fd, const char *request, const char *want)
{
	_cleanup_(mem_freep) char *got = NULL;

	check(say(fd, request));
	got = hear(fd, want, 3000);
	if (!strstr(got, want))
		check_text(got, want);
}

TEST(requests_are_answered)
{
	struct listen *l = start(5);
	int fd = dial();

	ask(fd, "POST /a%20b?x=%31 HTTP/1.1\r\nHost: x\r\nx-name: n\r\nContent-Length: 3\r\n\r\nabc",
		"POST /a%20b?x=%31 3 n");
	ask(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / 0 -");
	ask(fd,
		"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
		"chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"POST /c 5 -");
	ask(fd, "HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n", "X-Back: yes");
	check_int(atomic_load(&calls), 4);
	close(fd);
	listen_stop(l);
}

TEST(what_is_refused)
{
	static const char *const requests[][2] = {
		{"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", " 405 "},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", " 413 "},
		{"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", " 4"},
	};
	struct listen *l = start(5);

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		int fd = dial();

		ask(fd, requests[i][0], requests[i][1]);
		close(fd);
	}
	check_int(atomic_load(&calls), 0);
	listen_stop(l);
}

/* A body whose length nobody told. */
TEST(a_body_without_end)
{
	struct listen *l = start(5);
	int fd = dial();
	static char chunk[65536 + 16];
	_Bool open = 1;

	say(fd, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
	memset(chunk, 'x', sizeof(chunk) - 1);
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + 7 + 65536, "\r\n", 3);
	for (int i = 0; i < 64 && open; i++)
		open = say(fd, chunk);
	check(!open);
	check_int(atomic_load(&calls), 0);
	close(fd);
	listen_stop(l);
}

/* Each sends a byte now and then, which keeps a connection alive for every simpler limit. */
TEST(who_is_slow_is_cut_off)
{
	static const char *const begin[] = {
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n", "GET /"};
	struct listen *l = start(1);
	int fds[ARRAY_LEN(begin)];
	int64_t from = clock_steady_ms();
	_Bool open[ARRAY_LEN(begin)] = {1, 1};

	for (size_t i = 0; i < ARRAY_LEN(begin); i++) {
		fds[i] = dial();
		check(say(fds[i], begin[i]));
	}
	while (clock_steady_ms() - from < 5000 && (open[0] || open[1])) {
		for (size_t i = 0; i < ARRAY_LEN(begin); i++)
			open[i] = open[i] && say(fds[i], "x");
		usleep(100000);
	}
	check(!open[0] && !open[1]);
	check(clock_steady_ms() - from >= 900);
	check_int(atomic_load(&calls), 0);
	close(fds[0]);
	close(fds[1]);
	listen_stop(l);
}

/* More than there may be at a time wait or go away; the listener lives. */
TEST(many_at_once)
{
	struct listen *l = start(1);
	int fds[3 * LISTEN_CONNECTIONS], fd;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = dial();
		say(fds[i], "GET / HTTP/1.1\r\n");
	}
	usleep(2500000);
	fd = dial();
	ask(fd, "GET /after HTTP/1.1\r\nHost: x\r\n\r\n", "GET /after 0 -");
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	listen_stop(l);
}

TEST(addresses)
{
	static const char *const good[] = {
		"127.0.0.1:8080", "127.1.2.3:1", "[::1]:65535", "localhost:80", "unix:/run/x"};
	static const char *const bad[] = {"", "8080", "0.0.0.0:80", "192.168.1.1:80", "127.0.0.1:0",
		"127.0.0.1:65536", "127.0.0.1:80x", "127.0.0.1:", "[::]:80", "unix:x",
		"unix:", "example.com:80"};
	struct listen *l, *second = NULL;
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		check_int(listen_check(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		check_int(listen_check(bad[i], NULL), -EINVAL);
	l = start(1);
	check_int(listen_start(address, 1, answer, NULL, &second, &e), -EADDRINUSE);
	listen_stop(l);
	check_int(access(address + 5, F_OK), -1);
}

TEST_MAIN(TEST_RUN(requests_are_answered), TEST_RUN(what_is_refused), TEST_RUN(a_body_without_end),
	TEST_RUN(who_is_slow_is_cut_off), TEST_RUN(many_at_once), TEST_RUN(addresses))
