/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/net/http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "net/http_status.h"
#include "net/http_url.h"
#include "seamfs/base/clock.h"
#include "seamfs/base/fault.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/date.h"
#include "seamfs/codec/decimal.h"
#include "seamfs/net/secret.h"

enum {
	CONNECT_LIMIT_MS = 5000,
	TOTAL_LIMIT_MS = 30000,
	SLOW_SECONDS = 15,
	SLOW_BYTES = 16,
	MAX_REDIRECTS = 5,
	POOL_CONNECTIONS = 4,
	CONNECTION_LIFE_S = 600,
	MAX_WAIT_MS = 2000, /* a longer limit is the caller's to wait for */
	WAIT_STEP_MS = 50,
	DEFAULT_RETRY_MS = 60000,
	MAX_CLOSED_MS = 86400000,
};

struct http {
	CURL *curl;
	const char *tool;
	struct http_limits limits;
	atomic_bool *stop;
	struct curl_slist *headers; /* for every request; may hold secrets */
	int64_t next_ms;	    /* steady clock: no request before this */
	int64_t closed_until_ms;    /* wall clock: the tool asked for silence */
	_Bool signs;		    /* see http_set_aws() */
	_Bool inside;		    /* the last connection would have gone to a private address */
	struct transfer {
		const struct http_request *request;
		struct http_answer *answer;
		int64_t sent;
		_Bool begun; /* into->begin() was called */
		int error;   /* what a caller's function returned, or reading the body's file */
	} now;
};

static void global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

void http_answer_finish(struct http_answer *a)
{
	buf_finish(&a->body);
}

static int on_progress(void *context, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
	struct http *h = context;

	return atomic_load(h->stop);
}

static _Bool into_caller(const struct http *h, int status)
{
	return h->now.request->into && status >= 200 && status < 300;
}

/* Tells the caller once what kind of answer it is. */
static int begin(struct http *h, int status)
{
	const struct http_download *d = h->now.request->into;

	if (h->now.begun)
		return h->now.error;
	h->now.begun = 1;
	h->now.answer->status = status;
	h->now.error = d->begin ? d->begin(d->context, h->now.answer) : 0;
	return h->now.error;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
	struct http *h = context;
	const struct http_download *d = h->now.request->into;
	long status = 0;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (!into_caller(h, (int)status))
		return buf_add(&h->now.answer->body, bytes, size * count) < 0 ? 0 : size * count;
	if (begin(h, (int)status) == 0)
		h->now.error = d->bytes(d->context, bytes, size * count);
	return h->now.error < 0 ? 0 : size * count;
}

/* The next bytes of a body that is in a file. */
static size_t on_wanted(char *bytes, size_t size, size_t count, void *context)
{
	struct http *h = context;
	const struct http_upload *u = h->now.request->from;
	int64_t left = u->length - h->now.sent;
	size_t want = size * count;
	ssize_t n;

	if (left < (int64_t)want)
		want = (size_t)left;
	n = want ? pread(u->fd, bytes, want, u->offset + h->now.sent) : 0;
	if (n < 0 || (want && n == 0)) {
		h->now.error = n < 0 ? -errno : -EIO;
		return CURL_READFUNC_ABORT;
	}
	h->now.sent += n;
	if (u->progress)
		h->now.error = u->progress(u->context, h->now.sent);
	return h->now.error < 0 ? CURL_READFUNC_ABORT : (size_t)n;
}

/* Options that are the same for every request. */
static void set_policy(struct http *h)
{
	CURL *c = h->curl;

	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_LIMIT_MS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_MAXCONNECTS, (long)POOL_CONNECTIONS);
	curl_easy_setopt(c, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFE_S);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "seamfs/" SEAMFS_VERSION);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, h);
	/* There is no function to seek with, see set_request(). */
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_wanted);
	curl_easy_setopt(c, CURLOPT_READDATA, h);
}

struct http *http_new(const char *tool, const struct http_limits *limits, atomic_bool *stop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http *h = mem_alloc(sizeof(*h));

	pthread_once(&once, global_init);
	h->tool = tool;
	h->limits = *limits;
	h->stop = stop;
	h->curl = curl_easy_init();
	if (!h->curl)
		abort();
	set_policy(h);
	return h;
}

static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *i = list; i; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(list);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free_headers(h->headers);
	free(h);
}

static struct curl_slist *append(struct curl_slist *list, const char *name, const char *value)
{
	char *line = str_format("%s: %s", name, value);

	list = curl_slist_append(list, line);
	if (!list)
		abort();
	secret_wipe_text(line);
	return list;
}

/* libcurl sends a header as it is: a line end in a value would be a second header. */
static int check_header(const char *name, const char *value, struct err *e)
{
	static const char token[] =
		"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	if (!*name || name[strspn(name, token)])
		return err_set(e, EINVAL, "\"%s\" is no name for a header", name);
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < ' ' && *p != '\t')
			return err_set(e, EINVAL,
				"the value for header \"%s\" holds a line end or control character", name);
	}
	return 0;
}

int http_add_header(struct http *h, const char *name, const char *value, struct err *e)
{
	int r = check_header(name, value, e);

	if (r == 0)
		h->headers = append(h->headers, name, value);
	return r;
}

/* Loopback, private (RFC 1918, 4193), shared (6598) and link-local addresses (3927, 4291). */
static _Bool is_private(const struct sockaddr *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
	uint32_t a;

	if (address->sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) ||
		       IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr) || (six->sin6_addr.s6_addr[0] & 0xfe) == 0xfc;
	if (address->sa_family == AF_INET6)
		memcpy(&a, six->sin6_addr.s6_addr + 12, sizeof(a));
	else if (address->sa_family == AF_INET)
		a = ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr;
	else
		return 1;
	a = ntohl(a);
	return a >> 24 == 127 || a >> 24 == 10 || a >> 24 == 0 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
	       a >> 16 == 0xa9fe || a >> 22 == 0x191;
}

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct http *h = context;

	h->inside = is_private(&address->addr);
	if (h->inside)
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void http_public_only(struct http *h)
{
	curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETDATA, h);
}

int http_set_basic(struct http *h, const char *user, const char *password, struct err *e)
{
	for (const char *p = user; *p; p++) {
		if (*p == ':' || (unsigned char)*p < ' ')
			return err_set(e, EINVAL, "a user name cannot hold ':' or control characters");
	}
	curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(h->curl, CURLOPT_USERNAME, user);
	curl_easy_setopt(h->curl, CURLOPT_PASSWORD, password);
	return 0;
}

int http_set_aws(struct http *h, const char *region, const char *id, const char *secret, struct err *e)
{
	_cleanup_(mem_freep) char *how = str_format("aws:amz:%s:s3", region);

	if (!*region || region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return err_set(e, EINVAL, "\"%s\" is no region", region);
	h->signs = 1;
	curl_easy_setopt(h->curl, CURLOPT_AWS_SIGV4, how);
	curl_easy_setopt(h->curl, CURLOPT_USERNAME, id);
	curl_easy_setopt(h->curl, CURLOPT_PASSWORD, secret);
	return 0;
}

const char *http_header(struct http *h, const char *name)
{
	return http_header_at(h, name, 0);
}

const char *http_header_at(struct http *h, const char *name, unsigned index)
{
	struct curl_header *found;

	if (curl_easy_header(h->curl, name, index, CURLH_HEADER, -1, &found) != CURLHE_OK)
		return NULL;
	return found->value;
}

/* Waits until the limits let us send. 0, -ECANCELED, or -EAGAIN when that is too far away. */
static int await_turn(struct http *h, struct err *e)
{
	int64_t closed_ms = h->closed_until_ms - clock_now_ms();
	int64_t until_ms = h->next_ms;

	if (closed_ms > MAX_WAIT_MS) {
		err_set(e, EAGAIN, "%s allows no more calls for another %lld seconds", h->tool,
			(long long)(closed_ms / 1000 + 1));
		if (e) {
			e->scope = ERR_TOOL;
			e->retry = ERR_LATER;
			e->retry_at_ms = h->closed_until_ms;
		}
		return -EAGAIN;
	}
	if (closed_ms > 0 && clock_steady_ms() + closed_ms > until_ms)
		until_ms = clock_steady_ms() + closed_ms;
	while (clock_steady_ms() < until_ms && !atomic_load(h->stop))
		usleep(WAIT_STEP_MS * 1000);
	if (atomic_load(h->stop)) {
		err_set(e, ECANCELED, "%s: stopped before it was asked", h->tool);
		if (e) {
			e->scope = ERR_TOOL;
			e->retry = ERR_LATER;
		}
		return -ECANCELED;
	}
	h->next_ms = clock_steady_ms() + h->limits.spacing_ms;
	return 0;
}

/*
 * When a header says that there are new calls, in our clock; 0 when it makes no sense. A moment that the tool
 * names is one by its own clock, which may be wrong: @date_ms is what that showed, 0 when it did not say.
 */
static int64_t reset_ms(const char *text, enum http_reset as, int64_t date_ms)
{
	int64_t now_ms = clock_now_ms(), ms = 0;
	struct decimal number;

	if (as == HTTP_RESET_DATE) {
		if (instant_parse(text, &ms) < 0)
			ms = curl_getdate(text, NULL) * (int64_t)1000;
	} else if (decimal_parse(text, &number) == 0 && number.scale == 0 &&
		   number.mantissa < INT64_MAX / 2000) {
		ms = number.mantissa * (as == HTTP_RESET_UNIX_MS ? 1 : 1000) +
		     (as == HTTP_RESET_SECONDS ? now_ms : 0);
	}
	if (ms > 0 && date_ms && as != HTTP_RESET_SECONDS)
		ms += now_ms - date_ms;
	/* A wrong clock or a bad joke must not close the tool for years. */
	return ms <= 0 ? 0 : ms < now_ms + MAX_CLOSED_MS ? ms : now_ms + MAX_CLOSED_MS;
}

/* What the answer says about when to ask again (RFC 9110 10.2.3, and the tool's own headers). */
static void note_limits(struct http *h, struct http_answer *a)
{
	const struct http_limits *l = &h->limits;
	const char *date = http_header(h, "Date");
	const char *after = http_header(h, l->retry_after ? l->retry_after : "Retry-After");
	const char *left, *reset;

	if (date && curl_getdate(date, NULL) > 0)
		a->date_ms = (int64_t)curl_getdate(date, NULL) * 1000;
	if (after)
		a->retry_at_ms = reset_ms(after,
			isdigit((unsigned char)*after) ? HTTP_RESET_SECONDS : HTTP_RESET_DATE, a->date_ms);
	left = l->remaining ? http_header(h, l->remaining) : NULL;
	reset = l->reset ? http_header(h, l->reset) : NULL;
	if (left && reset && strtoll(left, NULL, 10) <= 0 && a->retry_at_ms == 0)
		a->retry_at_ms = reset_ms(reset, l->reset_as, a->date_ms);
	if (a->status == 429 && a->retry_at_ms == 0)
		a->retry_at_ms = clock_now_ms() + DEFAULT_RETRY_MS;
	if (a->retry_at_ms > h->closed_until_ms)
		h->closed_until_ms = a->retry_at_ms;
}

/* Turns libcurl's verdict into ours. @detail is what libcurl has to add, or "". */
static int broken(struct http *h, CURLcode code, const char *detail, const struct buf *body, struct err *e)
{
	long request_bytes = 0;
	int r = EIO;

	curl_easy_getinfo(h->curl, CURLINFO_REQUEST_SIZE, &request_bytes);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		r = err_set(e, ECANCELED, "%s: stopped while waiting for an answer", h->tool);
	else if (code == CURLE_WRITE_ERROR && body->error)
		r = err_set(e, E2BIG, "%s sent more than %zu MiB in one answer", h->tool, body->max >> 20);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		r = err_set(e, EIO, "%s did not answer in time", h->tool);
	else if (code == CURLE_COULDNT_CONNECT && h->inside)
		r = err_set(e, EIO,
			"%s is said to be at an address of this machine or of a private network; only "
			"stack.json may say "
			"that",
			h->tool);
	else if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
		r = err_set(e, EIO, "%s cannot be reached: %s", h->tool,
			*detail ? detail : curl_easy_strerror(code));
	else
		r = err_set(e, EIO, "the connection to %s failed: %s", h->tool,
			*detail ? detail : curl_easy_strerror(code));
	if (e) {
		e->scope = ERR_TOOL;
		e->retry = code == CURLE_PEER_FAILED_VERIFICATION || h->inside ? ERR_AFTER_USER : ERR_LATER;
		e->sent = request_bytes > 0;
	}
	return r;
}

/* The caller's own function, or the file of the body, ended it: the sentence is the caller's. */
static int given_up(struct http *h, struct err *e)
{
	if (e) {
		e->code = -h->now.error;
		e->sent = h->now.sent > 0;
	}
	return h->now.error;
}

static struct curl_slist *request_headers(const struct http *h, const struct http_request *q)
{
	struct curl_slist *list = append(NULL, "Accept", q->accept ? q->accept : "application/json");

	/*
	 * "Expect: 100-continue" would cost a round trip and some servers a second. But libcurl signs also a header that it is only
	 * told to leave out, and so the signature would be wrong.
	 */
	if (!h->signs)
		list = curl_slist_append(list, "Expect:");
	for (const struct curl_slist *i = h->headers; i; i = i->next)
		list = curl_slist_append(list, i->data);
	/* Without a body there is no type; libcurl would name one for a POST. */
	if (q->content_type && (q->body || q->from))
		list = append(list, "Content-Type", q->content_type);
	else if (!h->signs)
		list = curl_slist_append(list, "Content-Type:");
	for (size_t i = 0; i < q->header_count; i++)
		list = append(list, q->headers[i].name, q->headers[i].value);
	if (!list)
		abort();
	return list;
}

/* Methods that change nothing (RFC 9110 9.2.1; RFC 3253 3.6, 4918 9.1). */
static _Bool is_safe(const char *method)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcmp(method, methods[i]) == 0)
			return 1;
	}
	return 0;
}

static void set_body(CURL *c, const struct http_request *q)
{
	/*
	 * First of all: each of the others leaves something of the one before. With the body of an earlier request in its place
	 * libcurl would believe that it can go back in one from a file.
	 */
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if (q->from) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)q->from->length);
	} else if (q->body || (!is_safe(q->method) && strcmp(q->method, "DELETE") != 0)) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body ? q->body : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
	if (strcmp(q->method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
}

static void set_request(
	struct http *h, const struct http_request *q, const char *url, struct curl_slist *headers)
{
	CURL *c = h->curl;
	_Bool again = is_safe(q->method) || (q->from && q->from->length);

	set_body(c, q);
	/*
	 * libcurl resends a request by itself when a kept connection dies before the answer. That may make a
	 * second record, or undo what somebody changed between the two; so whatever changes something gets a new
	 * connection, where libcurl never does that. A body from a file need not: without all of it the tool has
	 * done nothing, and as soon as libcurl has sent some of it, it can't go back to its beginning.
	 */
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, again ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING,
		(q->into && q->into->verbatim) || strcmp(q->method, "HEAD") == 0 ? NULL : "gzip");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, q->patience_s ? 0L : (long)TOTAL_LIMIT_MS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)(q->patience_s ? q->patience_s : SLOW_SECONDS));
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
}

/* One request and its answer, redirects not followed. */
static int perform(
	struct http *h, const struct http_request *q, const char *url, struct http_answer *a, struct err *e)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers;
	CURLcode code;
	long status = 0;
	int r = await_turn(h, e);

	if (r < 0)
		return r;
	headers = request_headers(h, q);
	h->now = (struct transfer){.request = q, .answer = a};
	set_request(h, q, url, headers);
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, detail);
	fault_step(q->method);
	code = curl_easy_perform(h->curl);
	fault_step("answer");
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	free_headers(headers);
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	/* An answer without a body begins, too. */
	if (code == CURLE_OK && into_caller(h, (int)status))
		begin(h, (int)status);
	if (h->now.error < 0)
		return given_up(h, e);
	if (code != CURLE_OK)
		return broken(h, code, detail, &a->body, e);
	a->status = (int)status;
	note_limits(h, a);
	return 0;
}

static _Bool redirects(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* A redirect that we do not follow: the person has to put the right address into the configuration. */
static int misdirected(const struct http *h, const char *method, const char *target, struct err *e)
{
	_cleanup_(mem_freep) char *origin = url_origin(target ? target : "");

	err_set(e, EIO, "%s sends us on to another address%s%s; put the right one into stack.json", h->tool,
		origin ? ", " : "", origin ? origin : "");
	if (e) {
		e->scope = ERR_TOOL;
		e->retry = ERR_AFTER_USER;
		/* To many a web application this is how a write ends well (RFC 9110 15.4.4). */
		e->sent = !is_safe(method);
	}
	return -EIO;
}

int http_send(struct http *h, const struct http_request *request, struct http_answer *ret, struct err *e)
{
	_cleanup_(mem_freep) char *url = str_dup(request->url);
	struct http_answer a = {.body = BUF_INIT(BUF_MAX_ANSWER)};
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->header_count; i++)
		r = check_header(request->headers[i].name, request->headers[i].value, e);
	for (int hops = 0; r == 0; hops++) {
		char *target = NULL;

		buf_clear(&a.body);
		r = perform(h, request, url, &a, e);
		if (r < 0 || !redirects(a.status))
			break;
		curl_easy_getinfo(h->curl, CURLINFO_REDIRECT_URL, &target);
		if (!is_safe(request->method) || hops == MAX_REDIRECTS || !target ||
			!http_same_origin(url, target)) {
			r = misdirected(h, request->method, target, e);
			break;
		}
		str_set(&url, target);
	}
	if (r < 0) {
		http_answer_finish(&a);
		return r;
	}
	*ret = a;
	return 0;
}

int http_refused(const struct http *h, const struct http_answer *a, struct err *e)
{
	return http_status_refused(h->tool, a, e);
}
