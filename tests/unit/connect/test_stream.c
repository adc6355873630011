/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies that are not held in memory: net/http against the scripted server. */
#include "fake.h"
#include "seamfs/net/http.h"

struct rig {
	struct fake fake;
	struct http *http;
	struct err e;
	int fd; /* 3 MiB of "0123456789" */
	int64_t got, progress;
	int begun, stop_after;
	char etag[32];
};

enum { SIZE = 3 << 20 };

static void rig_start(struct rig *rig, const char *script)
{
	_cleanup_(mem_freep) char *text = fake_quoted(script);
	char name[] = "/tmp/seamfs-stream-XXXXXX";
	struct buf b = BUF_INIT(SIZE);

	log_set_level(LOG_LEVEL_ERROR);
	*rig = (struct rig){.fake = {.dir = "/tmp/seamfs-fake-XXXXXX"}};
	rig->fd = mkstemp(name);
	if (rig->fd < 0 || unlink(name) < 0 || !mkdtemp(rig->fake.dir))
		abort();
	while (b.len + 10 <= SIZE)
		buf_puts(&b, "0123456789");
	buf_resize(&b, SIZE);
	check_int(pwrite(rig->fd, buf_text(&b), SIZE, 0), SIZE);
	buf_finish(&b);
	fake_serve(&rig->fake, text);
	rig->http = http_new("drive", &(const struct http_limits){0}, &rig->fake.stop);
}

static void rig_stop(struct rig *rig)
{
	http_free(rig->http);
	close(rig->fd);
	fake_close(&rig->fake);
}

static int begin(void *context, const struct http_answer *a)
{
	struct rig *rig = context;
	const char *etag = http_header(rig->http, "ETag");

	rig->begun = a->status;
	snprintf(rig->etag, sizeof(rig->etag), "%s", etag ? etag : "");
	return rig->stop_after == -1 ? -ESTALE : 0;
}

static int bytes(void *context, const void *data, size_t len)
{
	struct rig *rig = context;

	rig->got += (int64_t)len;
	return rig->stop_after > 0 && rig->got > rig->stop_after ? -ENOSPC : 0;
}

static int progress(void *context, int64_t sent)
{
	struct rig *rig = context;

	rig->progress = sent;
	return rig->stop_after > 0 && sent > rig->stop_after ? -ENOSPC : 0;
}

static int get(struct rig *rig, const char *path, struct http_answer *a)
{
	_cleanup_(mem_freep) char *url = str_format("http://127.0.0.1:%d%s", rig->fake.port, path);
	struct http_download into = {begin, bytes, rig, 1};
	struct http_request q = {.method = "GET", .url = url, .into = &into, .patience_s = 20};

	rig->got = 0;
	rig->begun = 0;
	err_clear(&rig->e);
	*a = (struct http_answer){0};
	return http_send(rig->http, &q, a, &rig->e);
}

static int put(struct rig *rig, const char *path, int64_t offset, int64_t length, int *ret_status)
{
	_cleanup_(mem_freep) char *url = str_format("http://127.0.0.1:%d%s", rig->fake.port, path);
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	struct http_upload from = {rig->fd, offset, length, progress, rig};
	struct http_request q = {.method = "PUT", .url = url, .from = &from, .patience_s = 20};
	int r;

	rig->progress = 0;
	err_clear(&rig->e);
	r = http_send(rig->http, &q, &a, &rig->e);
	*ret_status = a.status;
	return r;
}

TEST(downloads_go_past_memory)
{
	struct http_answer a;
	struct rig rig;

	rig_start(&rig, "{'GET /big': [{'stream_mb': 40}],"
			"'GET /small': [{'text': 'abc', 'headers': {'ETag': 'e1'}}],"
			"'GET /none': [{'status': 204}],"
			"'GET /no': [{'status': 404, 'text': 'not here'}],"
			"'GET /cut': [{'text': 'abc', 'length': 4000}],"
			"'GET /moved': [{'status': 302, 'text': 'see there', 'headers': {'Location': "
			"'$BASE/small'}}]}");
	check_int(get(&rig, "/big", &a), 0);
	check_int(rig.got, 40 << 20);
	check_int(a.body.len, 0);
	check_int(get(&rig, "/small", &a), 0);
	check_int(rig.got, 3);
	check_int(rig.begun, 200);
	check_text(rig.etag, "e1");
	check_int(get(&rig, "/none", &a), 0);
	check_int(rig.begun, 204);
	check_int(get(&rig, "/no", &a), 0);
	check_int(rig.begun, 0);
	check_int(a.status, 404);
	check_text(buf_text(&a.body), "not here");
	http_answer_finish(&a);
	check_int(get(&rig, "/moved", &a), 0);
	check_int(rig.got, 3);
	http_answer_finish(&a); /* the page of the redirect */
	check_int(get(&rig, "/cut", &a), -EIO);
	check_int(rig.got, 3);
	check_int(rig.e.retry, ERR_LATER);
	/* What is asked for byte by byte must not be compressed on its way. */
	check_int(fake_logged(&rig.fake, "accept-encoding"), 0);
	rig_stop(&rig);
}

TEST(the_receiver_ends_a_download)
{
	struct http_answer a;
	struct rig rig;

	rig_start(&rig, "{'GET /big': [{'stream_mb': 40}]}");
	rig.stop_after = 1 << 20;
	check_int(get(&rig, "/big", &a), -ENOSPC);
	check(rig.got < (8 << 20));
	rig.stop_after = -1;
	check_int(get(&rig, "/big", &a), -ESTALE);
	check_int(rig.got, 0);
	rig_stop(&rig);
}

TEST(uploads_come_from_a_file)
{
	struct rig rig;
	int status;

	rig_start(&rig,
		"{'PUT /a': [{'status': 201}], 'PUT /b': [{'status': 201}], 'PUT /c': [{'status': 201}]}");
	check_int(put(&rig, "/a", 0, SIZE, &status), 0);
	check_int(status, 201);
	check_int(rig.progress, SIZE);
	check_int(fake_logged(&rig.fake, "\"content-length\": \"3145728\""), 1);
	check_int(put(&rig, "/b", 10, 12, &status), 0);
	check_int(fake_logged(&rig.fake, "\"body\": \"012345678901\""), 1);
	check_int(put(&rig, "/c", 0, 0, &status), 0);
	check_int(fake_logged(&rig.fake, "\"content-length\": \"0\""), 1);
	/* The file is shorter than it was said to be. */
	check_int(put(&rig, "/b", 0, SIZE + 1, &status), -EIO);
	rig.stop_after = 1 << 20;
	check_int(put(&rig, "/b", 0, SIZE, &status), -ENOSPC);
	check(rig.e.sent);
	rig_stop(&rig);
}

TEST(an_upload_is_sent_once)
{
	_cleanup_(http_answer_finish) struct http_answer a = {0};
	_cleanup_(mem_freep) char *url = NULL;
	struct http_request post = {.method = "POST", .body = "{}", .body_len = 2};
	struct rig rig;
	int status;

	/* The connection of the first one is used again, and dies without an answer. */
	rig_start(&rig, "{'PUT /a': [{'status': 201}, {'fault': 'hang up'}]}");
	url = str_format("http://127.0.0.1:%d/b", rig.fake.port);
	post.url = url;
	check_int(http_send(rig.http, &post, &a, &rig.e), 0);
	check_int(put(&rig, "/a", 0, 100, &status), 0);
	check_int(put(&rig, "/a", 0, 100, &status), -EIO);
	check(rig.e.sent);
	check_int(fake_logged(&rig.fake, "PUT"), 2);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(downloads_go_past_memory), TEST_RUN(the_receiver_ends_a_download),
	TEST_RUN(uploads_come_from_a_file), TEST_RUN(an_upload_is_sent_once))
