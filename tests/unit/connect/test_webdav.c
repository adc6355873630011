/* SPDX-License-Identifier: Apache-2.0 */
/* What no server does on command: the webdav driver against the scripted one. Real ones: tests/system/test_webdav.sh. */
#include "fake.h"

struct rig {
	struct fake fake;
	const struct file_ops *ops;
	struct err e;
	struct buf seen; /* entries, or bytes */
	struct remote_file file;
	int fd;
	char kept[64]; /* what the upload may be resumed with */
	int stop_at;   /* the so many-th report of an upload ends it */
	const char *known;
};

enum { LARGE = 40 << 20 };

/* In the script ' stands for " and ` for '. */
static void rig_start(struct rig *rig, const char *config, const char *script)
{
	_cleanup_(mem_freep) char *text = fake_quoted(script);
	_cleanup_(mem_freep) char *json = fake_quoted(config);
	_cleanup_(mem_freep) char *whole = NULL;
	char name[] = "/tmp/seamfs-webdav-XXXXXX";
	struct tool_setup setup = {.name = "drive", .connector = "webdav"};

	for (char *p = text; *p; p++)
		*p = *p == '`' ? '\'' : *p;
	log_set_level(LOG_LEVEL_ERROR);
	*rig = (struct rig){.fake = {.dir = "/tmp/seamfs-fake-XXXXXX"}, .seen = BUF_INIT(BUF_MAX_TEXT)};
	rig->fd = mkstemp(name);
	if (rig->fd < 0 || unlink(name) < 0 || ftruncate(rig->fd, LARGE) < 0 || !mkdtemp(rig->fake.dir))
		abort();
	check_int(pwrite(rig->fd, "hello", 5, 0), 5);
	fake_serve(&rig->fake, text);
	whole = str_format(json, rig->fake.port);
	rig->fake.config = fake_json(whole);
	setup.config = rig->fake.config;
	setup.base_dir = rig->fake.dir;
	setup.stop = &rig->fake.stop;
	if (connect_open(&setup, &rig->fake.link, &rig->e) < 0) {
		printf("# %s\n", rig->e.text);
		abort();
	}
	rig->ops = rig->fake.link->ops->files;
}

static void rig_stop(struct rig *rig)
{
	remote_file_finish(&rig->file);
	buf_finish(&rig->seen);
	close(rig->fd);
	fake_close(&rig->fake);
}

static int keep(void *context, int64_t sent, const char *resume)
{
	struct rig *rig = context;

	snprintf(rig->kept, sizeof(rig->kept), "%s", resume ? resume : "");
	return rig->stop_at && --rig->stop_at == 0 ? -ECANCELED : 0;
}

static int put(struct rig *rig, const char *path, const char *etag, int64_t size, const char *resume)
{
	struct file_upload u = {.path = path,
		.etag = etag,
		.fd = rig->fd,
		.size = size,
		.mtime_ms = 1700000000000,
		.resume = resume,
		.keep = keep,
		.context = rig};

	err_clear(&rig->e);
	remote_file_finish(&rig->file);
	return rig->ops->write(rig->fake.link, &u, &rig->file, &rig->e);
}

static int note(void *context, const struct remote_file *files, size_t count)
{
	struct rig *rig = context;

	for (size_t i = 0; i < count; i++)
		buf_printf(&rig->seen, "%s%s %s %lld\n", files[i].path, files[i].folder ? "/" : "",
			files[i].etag ? files[i].etag : "-", (long long)files[i].size);
	return 0;
}

static _Bool known(void *context, const char *path, const char *etag)
{
	return str_equal(((struct rig *)context)->known, etag);
}

static int walk(struct rig *rig)
{
	struct file_walk w = {.sink = note, .known = known, .context = rig};

	buf_clear(&rig->seen);
	err_clear(&rig->e);
	return rig->ops->walk(rig->fake.link, &w, &rig->e);
}

static int add(void *context, const void *bytes, size_t len)
{
	return buf_add(&((struct rig *)context)->seen, bytes, len);
}

static int get(struct rig *rig, const char *etag, int64_t offset, int64_t length)
{
	buf_clear(&rig->seen);
	err_clear(&rig->e);
	return rig->ops->read(rig->fake.link, "a", etag, offset, length, add, rig, &rig->e);
}

#define PLAIN "{'connector': 'webdav', 'url': 'http://127.0.0.1:%d/'}"
#define CLOUD "{'connector': 'webdav', 'url': 'http://127.0.0.1:%d/remote.php/dav/files/ann/'}"

#define MULTI(...)                                                                                           \
	"{'status': 207, 'text': '<d:multistatus xmlns:d=`DAV:` "                                            \
	"xmlns:o=`http://owncloud.org/ns`>" __VA_ARGS__ "</d:multistatus>'}"
#define ENTRY(href, props)                                                                                   \
	"<d:response><d:href>" href "</d:href><d:propstat><d:prop>" props                                    \
	"</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
#define FILE_(href, size, etag)                                                                              \
	ENTRY(href, "<d:resourcetype/><d:getcontentlength>" size "</d:getcontentlength><d:getetag>" etag     \
		    "</d:getetag><d:getlastmodified>Tue, 14 Nov 2023 22:13:20 GMT</d:getlastmodified>")
#define FOLDER(href, etag, id)                                                                               \
	ENTRY(href, "<d:resourcetype><d:collection/></d:resourcetype><d:getetag>" etag "</d:getetag>" id)
#define ID(n) "<o:fileid>" n "</o:fileid>"

TEST(folders_vouch_only_where_the_server_does)
{
	struct rig rig;

	rig_start(&rig, CLOUD,
		"{'PROPFIND /remote.php/dav/files/ann/': [" MULTI(FOLDER("/remote.php/dav/files/ann/",
			"&quot;r&quot;", ID("1")) FOLDER("/remote.php/dav/files/ann/A/", "&quot;x&quot;",
			ID("2")) FOLDER("/remote.php/dav/files/ann/B/", "&quot;y&quot;",
			ID("3"))) "],"
				  "'PROPFIND /remote.php/dav/files/ann/A/': [" MULTI(FOLDER(
					  "/remote.php/dav/files/ann/A/", "&quot;x&quot;",
					  ID("2")) FILE_("/remote.php/dav/files/ann/A/f%26", "5",
					  "&quot;e&quot;")) "],"
							    "'PROPFIND /remote.php/dav/files/ann/B/': "
							    "[" MULTI(FOLDER("/remote.php/dav/files/ann/B/",
								    "&quot;y&quot;", ID("3"))) "]}");
	check_int(walk(&rig), 0);
	check_text(buf_text(&rig.seen), "A/ \"x\" 0\nB/ \"y\" 0\nA/f& \"e\" 5\n");
	check_int(fake_logged(&rig.fake, "PROPFIND"), 3);
	rig.known = "\"x\"";
	check_int(walk(&rig), 0);
	check_text(buf_text(&rig.seen), "A/ \"x\" 0\nB/ \"y\" 0\n");
	check_int(fake_logged(&rig.fake, "PROPFIND"), 5);
	rig_stop(&rig);

	/* Elsewhere the ETag of a folder says nothing about what is deeper. */
	rig_start(&rig, PLAIN,
		"{'PROPFIND /': [" MULTI(FOLDER("/", "r", "") FOLDER("/A/", "&quot;x&quot;",
			"")) "],"
			     "'PROPFIND /A/': [" MULTI(FOLDER("/A/", "&quot;x&quot;", "")
					     FILE_("/A/f", "5", "W/&quot;e&quot;")) "]}");
	rig.known = "\"x\"";
	check_int(walk(&rig), 0);
	check_text(buf_text(&rig.seen), "A/ - 0\nA/f \"e\" 5\n");
	rig_stop(&rig);
}

TEST(a_walk_that_is_not_whole_fails)
{
	struct rig rig;

	rig_start(&rig, PLAIN,
		"{'PROPFIND /': [" MULTI(FOLDER("/", "", "") FOLDER("/gone/", "", "") FOLDER(
			"/closed/", "", "") FOLDER("/down/", "",
			"")) "],"
			     "'PROPFIND /gone/': [{'status': 404}], 'PROPFIND /closed/': [{'status': 403}],"
			     "'PROPFIND /down/': [{'status': 503, 'headers': {'Retry-After': '1'}}, " MULTI(
				     FOLDER("/down/", "", "")) "]}");
	check_int(walk(&rig), -EIO);
	check_int(rig.e.retry, ERR_LATER);
	check(rig.e.retry_at_ms > 0);
	/* What vanished or is closed to us is no reason. */
	check_int(walk(&rig), 0);
	rig_stop(&rig);
}

/* Behind a proxy that gives the server another path than we use. */
TEST(only_the_last_segment_counts)
{
	struct rig rig;

	rig_start(&rig, PLAIN,
		"{'PROPFIND /': [" MULTI(FOLDER("http://inside/x/y/", "", "") FOLDER("http://inside/x/y/A/",
			"", "") FILE_("/x/y/A/deeper", "1", "e") FILE_("/x/y/%2e%2e", "1", "e")
				FILE_("/x/y/b", "1", "e")) "],"
							   "'PROPFIND /A/': [" MULTI(FOLDER("/x/y/A/", "", "")
									   FILE_("/x/y/A/c", "2", "e")) "]}");
	check_int(walk(&rig), 0);
	check_text(buf_text(&rig.seen), "A/ - 0\nb \"e\" 1\nA/c \"e\" 2\n");
	rig_stop(&rig);
}

TEST(bytes_are_of_the_right_version)
{
	struct rig rig;

	rig_start(&rig, PLAIN,
		"{'GET /a': [{'status': 206, 'text': 'lo', 'headers': {'Content-Range': 'bytes 3-4/5', "
		"'ETag': 'W/\\'e\\''}},"
		"{'text': 'hello', 'headers': {'ETag': '\\'e\\''}},"
		"{'text': 'other', 'headers': {'ETag': '\\'f\\''}},"
		"{'status': 206, 'text': 'hel', 'headers': {'Content-Range': 'bytes 0-2/5', 'ETag': "
		"'\\'e\\''}},"
		"{'status': 206, 'text': 'l', 'length': 2, 'headers': {'Content-Range': 'bytes 3-4/5', "
		"'ETag': '\\'e\\''}},"
		"{'status': 206, 'text': 'lo', 'headers': {'Content-Range': 'bytes 3-4/5', 'ETag': "
		"'\\'odd\\''}},"
		"{'status': 206, 'text': 'lo', 'headers': {'Content-Range': 'bytes 3-4/5', 'ETag': "
		"'\\'odd\\''}}],"
		"'PROPFIND /a': [" MULTI(FILE_("/a", "5", "&quot;f&quot;")) "," MULTI(
			FILE_("/a", "5", "&quot;e&quot;")) "]}");
	check_int(get(&rig, "\"e\"", 3, 2), 0);
	check_text(buf_text(&rig.seen), "lo");
	/* It knows no ranges. */
	check_int(get(&rig, "\"e\"", 1, 2), 0);
	check_text(buf_text(&rig.seen), "el");
	/* Another version by now. */
	check_int(get(&rig, "\"e\"", 0, 5), -ESTALE);
	check_int(rig.seen.len, 0);
	/* Other bytes than were asked for. */
	check_int(get(&rig, "\"e\"", 3, 2), -EIO);
	check_int(rig.seen.len, 0);
	/* It breaks off. */
	check_int(get(&rig, "\"e\"", 3, 2), -EIO);
	check_int(rig.e.retry, ERR_LATER);
	/* With the bytes it says another ETag than in listings, always. */
	check_int(get(&rig, "\"e\"", 3, 2), 0);
	check_text(buf_text(&rig.seen), "lo");
	rig_stop(&rig);
}

#define KNOWS "'PROPFIND /': [" MULTI(FOLDER("/", "", "")) "], 'OPTIONS /': [{'headers': {'DAV': '1'}}],"

TEST(refused_writes_say_why)
{
	struct rig rig;

	rig_start(&rig, CLOUD,
		"{'PROPFIND /remote.php/dav/files/ann/': [" MULTI(FOLDER("/remote.php/dav/files/ann/", "",
			ID("1"))) "],"
				  "'OPTIONS /remote.php/dav/files/ann/': [{'headers': {'DAV': '1, 3'}}],"
				  "'PUT /remote.php/dav/files/ann/a': [{'status': 507}, {'status': 413}, "
				  "{'status': 503}, {'fault': 'hang up'},"
				  "{'status': 423}, {'status': 403, 'text': '<d:error xmlns:d=`DAV:` "
				  "xmlns:s=`http://sabredav.org/ns`>"
				  "<s:message>The file is signed</s:message></d:error>'}, {'status': 201}, "
				  "{'status': 201}],"
				  "'PROPFIND /remote.php/dav/files/ann/a': [{'status': 404, 'times': "
				  "2}, " MULTI(FILE_("/x/a", "6", "n")) "," MULTI(
					  FILE_("/x/a", "5", "n")) "]}");
	check_int(put(&rig, "a", NULL, 5, NULL), -ENOSPC);
	check_int(put(&rig, "a", NULL, 5, NULL), -EFBIG);
	check_int(put(&rig, "a", NULL, 5, NULL), -EIO);
	check_int(rig.e.retry, ERR_LATER);
	check_int(put(&rig, "a", NULL, 5, NULL), -EIO);
	check(rig.e.sent);
	check_int(put(&rig, "a", NULL, 5, NULL), -EACCES);
	check_int(rig.e.retry, ERR_LATER);
	check_int(put(&rig, "a", NULL, 5, NULL), -EACCES);
	check_text(rig.e.text, "drive says: The file is signed (HTTP 403)");
	/* Somebody else was there right afterwards. */
	check_int(put(&rig, "a", NULL, 5, NULL), -ESTALE);
	check(rig.e.sent);
	check_int(put(&rig, "a", NULL, 5, NULL), 0);
	check_text(rig.file.etag, "\"n\"");
	check_int(fake_logged(&rig.fake, "\"x-oc-mtime\": \"1700000000\""), 8);
	check_int(fake_logged(&rig.fake, "\"if-none-match\": \"*\""), 8);
	/* Nextcloud is known to look at conditions: nothing is tried out. */
	check_int(fake_logged(&rig.fake, "seamfs-"), 0);
	rig_stop(&rig);
}

TEST(a_part_of_a_folder_is_not_all_of_it)
{
	struct rig rig;

	rig_start(&rig, PLAIN,
		"{" KNOWS "'PROPFIND /d': [" MULTI(FOLDER("/d/", "", "")) "], 'DELETE /d/': [" MULTI(
			"<d:response><d:href>/d/x</d:href><d:status>HTTP/1.1 423 "
			"Locked</d:status></d:response>") "],"
							  "'MOVE /d/': [" MULTI(
								  "<d:response><d:href>/d/x</"
								  "d:href><d:status>HTTP/1.1 423 "
								  "Locked</d:status></d:response>") "]}");
	err_clear(&rig.e);
	check_int(rig.ops->remove(rig.fake.link, "d", NULL, &rig.e), -EACCES);
	check(strstr(rig.e.text, "only a part"));
	check_int(rig.ops->move(rig.fake.link, "d", "e", &rig.file, &rig.e), -EIO);
	rig_stop(&rig);
}

#define UP "/remote.php/dav/uploads/ann/"

TEST(a_large_file_goes_to_nextcloud_in_pieces)
{
	struct rig rig;
	char first[64];

	rig_start(&rig, CLOUD,
		"{'PROPFIND /remote.php/dav/files/ann/': [" MULTI(FOLDER("/remote.php/dav/files/ann/", "",
			ID("1"))) "],"
				  "'OPTIONS /remote.php/dav/files/ann/': [{}],"
				  "'PROPFIND /remote.php/dav/files/ann/big': [" MULTI(FILE_("/x/big",
					  "41943040",
					  "n")) "],"
						"'PUT *': [{'status': 201}], 'MKCOL *': [{'status': 201}], "
						"'MOVE *': [{'status': 201}],"
						"'PROPFIND *': [" MULTI(FOLDER("/u/", "", "")
								FILE_("/u/00001", "16777216", "p")
									FILE_("/u/00002", "100", "p")) "]}");
	rig.stop_at = 2;
	check_int(put(&rig, "big", "\"old\"", LARGE, NULL), -ECANCELED);
	check_int(fake_logged(&rig.fake, "\"PUT\""), 2);
	check(strncmp(rig.kept, "seamfs-", 7) == 0);
	snprintf(first, sizeof(first), "%s", rig.kept);
	/* The first piece is whole, the second is not. */
	check_int(put(&rig, "big", "\"old\"", LARGE, first), 0);
	check_int(fake_logged(&rig.fake, "\"MKCOL\""), 1);
	check_int(fake_logged(&rig.fake, "\"PUT\""), 4);
	check_int(fake_logged(&rig.fake, "/00001\""), 1);
	check_int(fake_logged(&rig.fake, "\"content-length\": \"8388608\""), 1);
	check_int(fake_logged(&rig.fake, "\"oc-total-length\": \"41943040\""), 6);
	check_int(fake_logged(&rig.fake, "\"if\": \"</remote.php/dav/files/ann/big> ([\\\"old\\\"])\""), 1);
	check_int(fake_logged(&rig.fake, "\"x-oc-mtime\": \"1700000000\""), 1);
	check_text(rig.kept, first);
	rig_stop(&rig);
}

/* The answer to the last step was lost; the pieces are gone, for they are a file now. */
TEST(what_is_there_already_is_not_sent_again)
{
	struct rig rig;

	rig_start(&rig, CLOUD,
		"{'PROPFIND /remote.php/dav/files/ann/': [" MULTI(FOLDER("/remote.php/dav/files/ann/", "",
			ID("1"))) "],"
				  "'OPTIONS /remote.php/dav/files/ann/': [{}],"
				  "'PROPFIND /remote.php/dav/files/ann/big': [" MULTI(FILE_("/x/big",
					  "41943040", "n")) "],"
							    "'PROPFIND " UP "seamfs-1/': [{'status': 404}]}");
	check_int(put(&rig, "big", "\"old\"", LARGE, "seamfs-1"), 0);
	check_text(rig.file.etag, "\"n\"");
	check_int(fake_logged(&rig.fake, "\"PUT\""), 0);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(folders_vouch_only_where_the_server_does), TEST_RUN(a_walk_that_is_not_whole_fails),
	TEST_RUN(only_the_last_segment_counts), TEST_RUN(bytes_are_of_the_right_version),
	TEST_RUN(refused_writes_say_why), TEST_RUN(a_part_of_a_folder_is_not_all_of_it),
	TEST_RUN(a_large_file_goes_to_nextcloud_in_pieces), TEST_RUN(what_is_there_already_is_not_sent_again))
