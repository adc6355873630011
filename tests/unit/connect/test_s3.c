/* SPDX-License-Identifier: Apache-2.0 */
/* What the S3 server of tests/system/test_s3.sh cannot do: the s3 driver against the scripted one. */
#include "fake.h"

#include <sys/stat.h>

struct rig {
	struct fake fake;
	const struct file_ops *ops;
	struct err e;
	struct buf seen;
	struct remote_file file;
	int fd;
};

enum { LARGE = 65 << 20 };

/* In the script ' stands for " and ` for '. */
static void rig_start(struct rig *rig, const char *script)
{
	_cleanup_(mem_freep) char *text = fake_quoted(script);
	_cleanup_(mem_freep) char *config = NULL;
	char name[] = "/var/tmp/seamfs-s3-XXXXXX", path[128];
	struct tool_setup setup = {.name = "drive", .connector = "s3"};

	for (char *p = text; *p; p++)
		*p = *p == '`' ? '\'' : *p;
	log_set_level(LOG_LEVEL_ERROR);
	*rig = (struct rig){.fake = {.dir = "/tmp/seamfs-fake-XXXXXX"}, .seen = BUF_INIT(BUF_MAX_TEXT)};
	rig->fd = mkstemp(name);
	if (rig->fd < 0 || unlink(name) < 0 || ftruncate(rig->fd, LARGE) < 0 || !mkdtemp(rig->fake.dir))
		abort();
	fake_write(&rig->fake, "secret", "s3cret");
	snprintf(path, sizeof(path), "%s/secret", rig->fake.dir);
	chmod(path, 0600);
	fake_serve(&rig->fake, text);
	config = str_format(
		"{\"url\": \"http://127.0.0.1:%d\", \"bucket\": \"docs\", \"region\": \"eu-central-1\", "
		"\"key\": \"AKIA1\", \"secret\": {\"file\": \"secret\"}}",
		rig->fake.port);
	rig->fake.config = fake_json(config);
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

static int put(struct rig *rig, const char *path, const char *etag, int64_t size, const char *resume)
{
	struct file_upload u = {.path = path, .etag = etag, .fd = rig->fd, .size = size, .resume = resume};

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

#define OBJECT(key) "<Contents><Key>" key "</Key><Size>5</Size><ETag>&quot;e&quot;</ETag></Contents>"
#define PAGE(more, objects)                                                                                  \
	"{'text': '<ListBucketResult xmlns=`http://s3.amazonaws.com/doc/2006-03-01/`><IsTruncated>" more     \
	"</IsTruncated><NextContinuationToken>a/b+</NextContinuationToken>" objects "</ListBucketResult>'}"

TEST(keys_become_a_tree)
{
	struct rig rig;
	struct file_walk w = {.sink = note, .context = &rig};

	rig_start(&rig, "{'GET /docs/': [" PAGE("true",
				OBJECT("a") OBJECT("b/") OBJECT("b/c") OBJECT("b-d")) "," PAGE("false",
				OBJECT("b/x/y/z") OBJECT("b//bad") OBJECT("../up") OBJECT("e/")) "]}");
	check_int(rig.ops->walk(rig.fake.link, &w, &rig.e), 0);
	check_text(buf_text(&rig.seen),
		"a \"e\" 5\nb/ - 0\nb/c \"e\" 5\nb-d \"e\" 5\nb/ - 0\nb/x/ - 0\nb/x/y/ - 0\n"
		"b/x/y/z \"e\" 5\ne/ - 0\n");
	check_int(fake_logged(&rig.fake, "/docs/?continuation-token=a%2Fb%2B&list-type=2&prefix=\""), 1);
	check_int(fake_logged(&rig.fake, "AWS4-HMAC-SHA256 Credential=AKIA1/"), 2);
	check_int(fake_logged(&rig.fake, "/eu-central-1/s3/aws4_request"), 2);
	rig_stop(&rig);
}

#define HEAD(size, etag) "{'headers': {'ETag': '\\'" etag "\\'', 'Content-Length': '" size "'}}"
#define GUARDED		 "'PUT *': [{'status': 412}],"

TEST(conditions_are_used_where_they_are_known)
{
	struct rig rig;

	rig_start(&rig,
		"{" GUARDED "'HEAD /docs/a': [{'status': 404}, {'status': 404}, {'status': 404}, " HEAD(
			"5", "n") "],"
				  "'GET /docs/': [" PAGE(
					  "false", "") "],"
						       "'PUT /docs/a': [{'status': 412}, {'status': 412}, "
						       "{'status': 409}, {'status': 404}, {'status': 200}]}");
	check_int(put(&rig, "a", NULL, 5, NULL), -EEXIST);
	check_int(put(&rig, "a", "\"old\"", 5, NULL), -ESTALE);
	check_int(put(&rig, "a", NULL, 5, NULL), -ESTALE);
	check_int(put(&rig, "a", "\"old\"", 5, NULL), -ESTALE);
	check_int(put(&rig, "a", NULL, 5, NULL), 0);
	check_text(rig.file.etag, "\"n\"");
	check_int(fake_logged(&rig.fake, "\"if-none-match\": \"*\""), 3);
	check_int(fake_logged(&rig.fake, "\"if-match\": \"\\\"old\\\"\""), 2);
	/* It was tried out once, and nothing had to be removed. */
	check_int(fake_logged(&rig.fake, "/docs/.seamfs-"), 1);
	rig_stop(&rig);
}

TEST(an_upload_in_parts_is_resumed)
{
	struct rig rig;

	rig_start(&rig,
		"{'HEAD /docs/big': [{'status': 404}, " HEAD("68157440",
			"n") "],"
			     "'GET /docs/': [" PAGE("false",
				     "") "], 'PUT *': [{'status': 412}],"
					 "'PUT /docs/big': [{'headers': {'ETag': '\\'p\\''}}],"
					 "'POST /docs/big': [{'text': '<CompleteMultipartUploadResult/>'}]}");
	check_int(put(&rig, "big", NULL, LARGE, "id/1 \"p1\" \"p2\" \"p3\""), 0);
	check_int(fake_logged(&rig.fake, "partNumber=4&uploadId=id%2F1"), 1);
	check_int(fake_logged(&rig.fake, "partNumber=5&uploadId=id%2F1"), 1);
	check_int(fake_logged(&rig.fake, "partNumber="), 2);
	check_int(
		fake_logged(&rig.fake, "<Part><PartNumber>3</PartNumber><ETag>\\\"p3\\\"</ETag></Part>"), 1);
	rig_stop(&rig);
}

TEST(an_upload_that_is_forgotten_begins_anew)
{
	struct rig rig;

	rig_start(&rig, "{'HEAD /docs/big': [{'status': 404}, " HEAD("68157440",
				"n") "],"
				     "'GET /docs/': [" PAGE("false",
					     "") "], 'PUT *': [{'status': 412}],"
						 "'PUT /docs/big': [{'status': 404, 'text': "
						 "'<Error><Code>NoSuchUpload</Code></Error>'}, {'headers': "
						 "{'ETag': 'p'}}],"
						 "'POST /docs/big': [{'text': "
						 "'<InitiateMultipartUploadResult><UploadId>new</UploadId></"
						 "InitiateMultipartUploadResult>'},"
						 "{'text': ' <Error><Code>InternalError</Code><Message>We "
						 "had a problem</Message></Error>'}]}");
	/* It ends with an error that comes with status 200. */
	check_int(put(&rig, "big", NULL, LARGE, "old \"p1\" \"p2\" \"p3\" \"p4\""), -EIO);
	check_text(rig.e.text, "drive says: We had a problem (HTTP 200)");
	check_int(fake_logged(&rig.fake, "uploadId=new"), 6);
	rig_stop(&rig);
}

static int add(void *context, const void *bytes, size_t len)
{
	return buf_add(&((struct rig *)context)->seen, bytes, len);
}

/* By a program that does not share libcurl's view of it. */
static void check_signatures(struct rig *rig)
{
	_cleanup_(mem_freep) char *command =
		str_format("python3 " SEAMFS_SOURCE_CONNECTORS "/../../tests/fake/sigv4.py %s/log s3cret",
			rig->fake.dir);

	check_int(system(command), 0);
}

TEST(requests_are_signed)
{
	static const char name[] = "a b+&\xc3\xbc(x)'*~=@:,;!$#?%";
	struct rig rig;
	struct file_walk w = {.path = "d e", .flat = 1, .sink = note, .context = &rig};

	rig_start(&rig, "{" GUARDED "'HEAD *': [" HEAD("5", "e") "], 'GET /docs/': [" PAGE("false",
				OBJECT("d e/x")) "],"
						 "'GET *': [{'status': 206, 'text': 'x', 'headers': {'ETag': "
						 "'\\'e\\'', 'Content-Range': 'bytes 7-7/9'}}],"
						 "'DELETE *': [{'status': 204}], 'PUT /docs/big': "
						 "[{'headers': {'ETag': 'p'}}],"
						 "'POST /docs/big': [{'text': "
						 "'<X><UploadId>i/+d==</UploadId></X>'}]}");
	check_int(put(&rig, name, "\"e\"", 5, NULL), -ESTALE);
	check_int(put(&rig, "big", "\"e\"", LARGE, NULL), -ESTALE);
	check_int(rig.ops->remove(rig.fake.link, name, "\"e\"", &rig.e), 0);
	check_int(rig.ops->read(rig.fake.link, "r", "\"e\"", 7, 1, add, &rig, &rig.e), 0);
	check_int(rig.ops->walk(rig.fake.link, &w, &rig.e), -ENOENT);
	w.path = NULL;
	check_int(rig.ops->walk(rig.fake.link, &w, &rig.e), 0);
	check_int(rig.ops->move(rig.fake.link, "d e", "f", &rig.file, &rig.e), -EEXIST);
	check_signatures(&rig);
	rig_stop(&rig);
}

TEST(refusals_say_why)
{
	struct rig rig;

	rig_start(&rig,
		"{" GUARDED "'GET /docs/': [" PAGE("false",
			"") "], 'HEAD /docs/a': [{'status': 404}],"
			    "'PUT /docs/a': [{'status': 403, 'text': "
			    "'<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'},"
			    "{'status': 400, 'text': '<Error><Code>EntityTooLarge</Code></Error>'}, "
			    "{'status': 507}, {'status': 503}]}");
	check_int(put(&rig, "a", NULL, 5, NULL), -EACCES);
	check_text(rig.e.text, "drive says: Access Denied (HTTP 403)");
	check_int(rig.e.scope, ERR_RECORD);
	check_int(put(&rig, "a", NULL, 5, NULL), -EFBIG);
	check_int(put(&rig, "a", NULL, 5, NULL), -ENOSPC);
	check_int(put(&rig, "a", NULL, 5, NULL), -EIO);
	check_int(rig.e.retry, ERR_LATER);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(keys_become_a_tree), TEST_RUN(conditions_are_used_where_they_are_known),
	TEST_RUN(an_upload_in_parts_is_resumed), TEST_RUN(an_upload_that_is_forgotten_begins_anew),
	TEST_RUN(requests_are_signed), TEST_RUN(refusals_say_why))
