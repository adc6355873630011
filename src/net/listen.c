/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"

enum { THREADS = 4, HEADERS = 32 << 10, TARGET_MAX = 2048, BACKLOG = 128 };

/* A connection: a request that comes byte by byte keeps it alive for the library, but not for us. */
struct peer {
	int fd;
	int64_t until_ms; /* steady clock */
};

struct listen {
	struct MHD_Daemon *daemon;
	int seconds;
	listen_handler handler;
	void *context;
	char *unlink; /* the unix socket's path */
	pthread_t reaper;
	_Bool reaping;

	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct peer *peers[LISTEN_CONNECTIONS];
	_Bool stop;
};

struct listen_exchange {
	struct MHD_Connection *connection;
	char *target;
	struct buf body;
	_Bool begun;
};

/* ---- addresses ---- */

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static socklen_t parse_local(const char *path, union any_address *ret)
{
	if (*path != '/' || strlen(path) >= sizeof(ret->local.sun_path))
		return 0;
	ret->local.sun_family = AF_UNIX;
	snprintf(ret->local.sun_path, sizeof(ret->local.sun_path), "%s", path);
	return sizeof(ret->local);
}

/* 0: it is no address of this machine. */
static socklen_t parse_address(const char *text, union any_address *ret)
{
	const char *colon = strrchr(text, ':');
	char host[64], *end;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	*ret = (union any_address){0};
	if (strncmp(text, "unix:", 5) == 0)
		return parse_local(text + 5, ret);
	if (port < 1 || port > 65535 || *end || (size_t)(colon - text) >= sizeof(host))
		return 0;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (strcmp(host, "[::1]") == 0) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		ret->v6.sin6_addr = in6addr_loopback;
		return sizeof(ret->v6);
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons((uint16_t)port);
	if (strcmp(host, "localhost") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1 &&
			       ntohl(ret->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET
		       ? sizeof(ret->v4)
		       : 0;
}

int listen_check(const char *address, struct err *e)
{
	union any_address a;

	return parse_address(address, &a)
		       ? 0
		       : err_set(e, EINVAL,
				 "\"%.100s\" is no address to listen on: \"127.0.0.1:PORT\", "
				 "\"[::1]:PORT\" or \"unix:/PATH\", with a proxy for "
				 "the world outside in front of it",
				 address);
}

/* What a killed daemon left; one that answers belongs to somebody. */
static void clear_socket(const union any_address *a, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd >= 0 && stat(a->local.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		connect(fd, &a->any, size) < 0 && errno == ECONNREFUSED)
		unlink(a->local.sun_path);
	if (fd >= 0)
		close(fd);
}

static int open_socket(struct listen *l, const char *address, struct err *e)
{
	union any_address a;
	socklen_t size = parse_address(address, &a);
	int fd, one = 1;

	if (!size)
		return listen_check(address, e);
	if (a.any.sa_family == AF_UNIX)
		clear_socket(&a, size);
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, errno, "cannot make a socket: %s", strerror(errno));
	if (a.any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.any, size) < 0 || listen(fd, BACKLOG) < 0) {
		int code = errno;

		close(fd);
		return err_set(e, code, "cannot listen on %s: %s", address, strerror(code));
	}
	if (a.any.sa_family == AF_UNIX) {
		/* The proxy is another user, and what is asked for has a secret in it: as with a port. */
		l->unlink = str_dup(a.local.sun_path);
		chmod(l->unlink, 0666);
	}
	return fd;
}

/* ---- connections ---- */

static void peer_begins(struct listen *l, struct peer *peer)
{
	pthread_mutex_lock(&l->mutex);
	peer->until_ms = clock_steady_ms() + l->seconds * INT64_C(1000);
	for (int i = 0; i < LISTEN_CONNECTIONS; i++) {
		if (!l->peers[i]) {
			l->peers[i] = peer;
			break;
		}
	}
	pthread_cond_signal(&l->changed);
	pthread_mutex_unlock(&l->mutex);
}

static void peer_ends(struct listen *l, struct peer *peer)
{
	pthread_mutex_lock(&l->mutex);
	for (int i = 0; i < LISTEN_CONNECTIONS; i++) {
		if (l->peers[i] == peer)
			l->peers[i] = NULL;
	}
	pthread_mutex_unlock(&l->mutex);
	free(peer);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **slot,
	enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		struct peer *peer = mem_alloc(sizeof(*peer));

		peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		*slot = peer;
		peer_begins(context, peer);
	} else {
		peer_ends(context, *slot);
	}
}

/* The next request on the same connection has its own time. */
static void renew(struct listen *l, struct MHD_Connection *connection)
{
	struct peer *peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

	pthread_mutex_lock(&l->mutex);
	peer->until_ms = clock_steady_ms() + l->seconds * INT64_C(1000);
	pthread_mutex_unlock(&l->mutex);
}

/* Under the mutex; true when somebody is connected. */
static _Bool cut_off(struct listen *l)
{
	int64_t now = clock_steady_ms();
	_Bool any = 0;

	for (int i = 0; i < LISTEN_CONNECTIONS; i++) {
		any |= l->peers[i] != NULL;
		if (l->peers[i] && l->peers[i]->until_ms < now)
			shutdown(l->peers[i]->fd, SHUT_RDWR);
	}
	return any;
}

static void *reaper_main(void *context)
{
	struct listen *l = context;

	pthread_mutex_lock(&l->mutex);
	while (!l->stop) {
		struct timespec next;

		clock_gettime(CLOCK_REALTIME, &next);
		next.tv_sec++;
		if (cut_off(l))
			pthread_cond_timedwait(&l->changed, &l->mutex, &next);
		else
			pthread_cond_wait(&l->changed, &l->mutex);
	}
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

/* ---- requests ---- */

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
	struct listen_exchange *x = mem_alloc(sizeof(*x));

	x->connection = connection;
	x->target = strlen(target) <= TARGET_MAX ? str_dup(target) : NULL;
	x->body = BUF_INIT(LISTEN_BODY);
	return x;
}

static void on_end(
	void *context, struct MHD_Connection *connection, void **slot, enum MHD_RequestTerminationCode why)
{
	struct listen_exchange *x = *slot;

	if (!x)
		return;
	free(x->target);
	buf_finish(&x->body);
	free(x);
	*slot = NULL;
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct listen_answer *a)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		a->body.len, (void *)buf_text(&a->body), MHD_RESPMEM_MUST_COPY);
	enum MHD_Result r = MHD_NO;

	if (response) {
		MHD_add_response_header(
			response, "Content-Type", a->type ? a->type : "text/plain; charset=utf-8");
		if (a->header && a->value)
			MHD_add_response_header(response, a->header, a->value);
		r = MHD_queue_response(connection, (unsigned)a->status, response);
		MHD_destroy_response(response);
	}
	buf_finish(&a->body);
	free(a->header);
	free(a->value);
	return r;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *sentence)
{
	struct listen_answer a = {.status = status, .body = BUF_INIT(1024)};

	buf_printf(&a.body, "%s\n", sentence);
	return send_answer(connection, &a);
}

/* What can be told from the headers: then the body need not come. */
static int look(const struct listen_exchange *x, const char *method, const char **ret_sentence)
{
	const char *length =
		MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	*ret_sentence = "The body is larger than 1 MiB.";
	if (length && strtoull(length, NULL, 10) > LISTEN_BODY)
		return MHD_HTTP_CONTENT_TOO_LARGE;
	*ret_sentence = "Only GET, HEAD and POST are known here.";
	if (strcmp(method, "POST") != 0 && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	*ret_sentence = "The address is too long.";
	return x->target ? 0 : MHD_HTTP_URI_TOO_LONG;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len, void **slot)
{
	struct listen *l = context;
	struct listen_exchange *x = *slot;
	struct listen_answer answer = {.status = MHD_HTTP_OK, .body = BUF_INIT(LISTEN_BODY)};
	const char *sentence;
	int status;

	if (!x->begun) {
		x->begun = 1;
		status = look(x, method, &sentence);
		return status ? refuse(connection, status, sentence) : MHD_YES;
	}
	if (*upload_len) {
		/* A body whose length was not told: nothing can be answered before its end. */
		if (buf_add(&x->body, upload, *upload_len) < 0)
			return MHD_NO;
		*upload_len = 0;
		return MHD_YES;
	}
	l->handler(l->context,
		&(struct listen_request){.method = method,
			.target = x->target,
			.body = buf_text(&x->body),
			.len = x->body.len,
			.exchange = x},
		&answer);
	renew(l, connection);
	return send_answer(connection, &answer);
}

const char *listen_header(const struct listen_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->exchange->connection, MHD_HEADER_KIND, name);
}

/* ---- beginning and end ---- */

static void quiet(void *context, const char *format, va_list args)
{
	/* Its complaints are about peers that went away or sent nonsense. */
}

static int start_daemon(struct listen *l, int fd)
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		on_request, l, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)LISTEN_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)l->seconds,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS, MHD_OPTION_URI_LOG_CALLBACK, on_target,
		l, MHD_OPTION_NOTIFY_COMPLETED, on_end, l, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
		MHD_OPTION_END);
	r = l->daemon ? pthread_create(&l->reaper, NULL, reaper_main, l) : EAGAIN;
	l->reaping = l->daemon && r == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!l->daemon)
		close(fd);
	return -r;
}

int listen_start(const char *address, int seconds, listen_handler handler, void *context, struct listen **ret,
	struct err *e)
{
	struct listen *l = mem_alloc(sizeof(*l));
	int fd, r;

	l->seconds = seconds;
	l->handler = handler;
	l->context = context;
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->changed, NULL);
	fd = open_socket(l, address, e);
	r = fd < 0 ? fd : start_daemon(l, fd);
	if (fd >= 0 && r < 0)
		err_set(e, -r, "cannot start the listener on %s: %s", address, strerror(-r));
	if (r < 0) {
		listen_stop(l);
		return r;
	}
	*ret = l;
	return 0;
}

void listen_stop(struct listen *l)
{
	if (!l)
		return;
	if (l->reaping) {
		pthread_mutex_lock(&l->mutex);
		l->stop = 1;
		pthread_cond_signal(&l->changed);
		pthread_mutex_unlock(&l->mutex);
		pthread_join(l->reaper, NULL);
	}
	if (l->daemon)
		MHD_stop_daemon(l->daemon);
	if (l->unlink)
		unlink(l->unlink);
	pthread_mutex_destroy(&l->mutex);
	pthread_cond_destroy(&l->changed);
	free(l->unlink);
	free(l);
}
