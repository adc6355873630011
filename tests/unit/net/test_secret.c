/* SPDX-License-Identifier: Apache-2.0 */
/* Where secrets may come from, and what is refused; and the rules for addresses and headers. */
#include "seamfs/net/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/http.h"
#include "test.h"

static char folder[] = "/tmp/seamfs-secret-XXXXXX";

static void put(const char *name, const char *bytes, size_t len, mode_t mode)
{
	_cleanup_(mem_freep) char *path = str_format("%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || fchmod(fd, mode) < 0 || close(fd) < 0)
		abort();
}

static const struct {
	const char *source; /* JSON */
	const char *secret; /* NULL: refused with … */
	int code;
	const char *reason; /* … this in the sentence */
} cases[] = {
	{"{\"file\": \"good\"}", "s3cret", 0, NULL},
	{"{\"file\": \"crlf\"}", "s3cret", 0, NULL},
	{"{\"file\": \"open\"}", NULL, EINVAL, "chmod 600 "},
	{"{\"file\": \"group\"}", NULL, EINVAL, "chmod 600 "},
	{"{\"file\": \"link\"}", NULL, EINVAL, "symbolic link"},
	{"{\"file\": \"missing\"}", NULL, ENOENT, "cannot be opened"},
	{"{\"file\": \"empty\"}", NULL, EINVAL, "first line is empty"},
	{"{\"file\": \"nul\"}", NULL, EINVAL, "NUL byte"},
	{"{\"file\": \"long\"}", NULL, EINVAL, "longer than"},
	{"{\"file\": \".\"}", NULL, EINVAL, "not a regular file"},
	{"{\"file\": \"fifo\"}", NULL, EINVAL, "not a regular file"},
	{"{\"file\": 7}", NULL, EINVAL, "a secret is one of"},
	{"\"plain\"", NULL, EINVAL, "secrets are never in stack.json"},
	{"7", NULL, EINVAL, "a secret is one of"},
	{"{}", NULL, EINVAL, "a secret is one of"},
	{"{\"file\": \"good\", \"command\": [\"true\"]}", NULL, EINVAL, "a secret is one of"},
	{"{\"keyring\": \"x\"}", NULL, EINVAL, "a secret is one of"},
	{"{\"command\": [\"printf\", \"%s\\\\nsecond line\\\\n\", \"a b;$HOME\"]}", "a b;$HOME", 0, NULL},
	{"{\"command\": [\"sh\", \"-c\", \"echo half; exit 3\"]}", NULL, EINVAL, "exit code 3"},
	{"{\"command\": [\"sh\", \"-c\", \"kill -9 $$\"]}", NULL, EINVAL, "signal 9"},
	{"{\"command\": [\"true\"]}", NULL, EINVAL, "first line is empty"},
	{"{\"command\": [\"no-such-program-here\"]}", NULL, ENOENT, "cannot be started"},
	{"{\"command\": []}", NULL, EINVAL, "a command is a list"},
	{"{\"command\": [1]}", NULL, EINVAL, "a command is a list"},
	{"{\"command\": \"pass show x\"}", NULL, EINVAL, "a secret is one of"},
	{"{\"credential\": \"cred\"}", "from systemd", 0, NULL},
	{"{\"credential\": \"../good\"}", NULL, EINVAL, "a credential's name"},
	{"{\"credential\": \"absent\"}", NULL, ENOENT, "cannot be opened"},
};

TEST(sources)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_json_ cJSON *source = NULL;
		struct secret secret = {0};
		struct err e = {0};

		json_parse(cases[i].source, strlen(cases[i].source), JSON_STRICT, &source, NULL, NULL);
		check_int(secret_load(source, folder, &secret, &e), -cases[i].code);
		check_text(secret_text(&secret), cases[i].secret ? cases[i].secret : "");
		if (cases[i].reason && !strstr(e.text, cases[i].reason))
			check_text(e.text, cases[i].reason);
		secret_finish(&secret);
		check_text(secret_text(&secret), "");
	}
}

TEST(no_credentials_folder)
{
	_cleanup_json_ cJSON *source = NULL;
	struct secret secret = {0};
	struct err e = {0};

	unsetenv("CREDENTIALS_DIRECTORY");
	json_parse("{\"credential\": \"cred\"}", 22, JSON_STRICT, &source, NULL, NULL);
	check_int(secret_load(source, folder, &secret, &e), -EINVAL);
	check(strstr(e.text, "LoadCredential=cred"));
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

/* A command that hangs is ended with all that it started. */
TEST(slow_command)
{
	static const char text[] = "{\"command\": [\"sh\", \"-c\", \"sleep 60; echo late\"]}";
	_cleanup_json_ cJSON *source = NULL;
	struct secret secret = {0};
	struct err e = {0};
	int64_t start_ms = clock_steady_ms();

	json_parse(text, sizeof(text) - 1, JSON_STRICT, &source, NULL, NULL);
	check_int(secret_load(source, folder, &secret, &e), -ETIMEDOUT);
	check(clock_steady_ms() - start_ms < 12000);
}

TEST(addresses)
{
	static const struct {
		const char *url;
		_Bool fine;
	} urls[] = {
		{"https://example.com", 1},
		{"https://example.com:8443/sub/path", 1},
		{"http://127.0.0.1:3000", 1},
		{"http://127.8.9.1", 1},
		{"http://localhost/x", 1},
		{"http://[::1]:80", 1},
		{"http://example.com", 0},
		{"http://localhost.example.com", 0},
		{"http://128.0.0.1", 0},
		{"http://127.0.0.1.example.com", 0},
		{"https://user:pass@example.com", 0},
		{"https://user@example.com", 0},
		{"ftp://example.com", 0},
		{"file:///etc/passwd", 0},
		{"example.com", 0},
		{"", 0},
		{"https://", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		if ((http_check_url(urls[i].url, NULL) == 0) != urls[i].fine)
			printf("# %s\n", urls[i].url);
		check_int(http_check_url(urls[i].url, NULL) == 0, urls[i].fine);
	}
	check(http_same_origin("https://A.example/x", "https://a.example:443/y"));
	check(!http_same_origin("https://a.example", "http://a.example"));
	check(!http_same_origin("https://a.example", "https://a.example:8443"));
	check(!http_same_origin("https://a.example", "https://a.example.evil"));
}

TEST(encoding)
{
	struct buf b = BUF_INIT(1024);

	buf_puts(&b, "https://x/");
	http_encode(&b, "a b/\xc3\xbc?");
	http_add_query(&b, "filter[x]", "1&2=3");
	http_add_query(&b, "y", "~.-_");
	check_text(buf_text(&b), "https://x/a%20b%2F%C3%BC%3F?filter%5Bx%5D=1%262%3D3&y=~.-_");
	buf_finish(&b);
}

TEST(headers)
{
	atomic_bool stop = 0;
	struct http *h = http_new("x", &(struct http_limits){0}, &stop);

	check_int(http_add_header(h, "X-Key", "abc", NULL), 0);
	check_int(http_add_header(h, "X-Key", "abc\r\nX-Evil: 1", NULL), -EINVAL);
	check_int(http_add_header(h, "X Key", "abc", NULL), -EINVAL);
	check_int(http_add_header(h, "", "abc", NULL), -EINVAL);
	check_int(http_set_basic(h, "me", "pass:word", NULL), 0);
	check_int(http_set_basic(h, "m:e", "password", NULL), -EINVAL);
	http_free(h);
}

TEST(kept_in_a_file)
{
	_cleanup_(mem_freep) char *dir = str_format("%s/kept", folder), *path = str_format("%s/key", dir);
	_cleanup_json_ cJSON *source = cJSON_CreateObject();
	struct secret secret = {0};
	struct err e = {0};
	struct stat st;

	umask(0);
	check_int(secret_keep_file(path, "s3cret", &e), 0);
	check_int(stat(dir, &st), 0);
	check_int(st.st_mode & 07777, 0700);
	check_int(stat(path, &st), 0);
	check_int(st.st_mode & 07777, 0600);
	json_set_text(source, "file", "kept/key");
	check_int(secret_load(source, folder, &secret, &e), 0);
	check_text(secret_text(&secret), "s3cret");
	secret_finish(&secret);
	check_int(secret_keep_file(path, "another", &e), -EEXIST);
	check(strstr(e.text, path) && !strstr(e.text, "another"));
	unlink(path);
	rmdir(dir);
}

static int keep_by(const char *program, const char *script, const char *text, struct err *e)
{
	char *argv[] = {(char *)program, (char *)"-c", (char *)script, NULL};

	return secret_keep_command(argv, text, e);
}

TEST(kept_by_a_program)
{
	_cleanup_(mem_freep) char *path = str_format("%s/given", folder);
	_cleanup_(mem_freep) char *script = str_format("cat >%s; echo shown; exit 0", path);
	_cleanup_(mem_freep) char *longest = mem_alloc(SECRET_MAX + 1);
	struct err e = {0};
	struct stat st;

	memset(longest, 'x', SECRET_MAX);
	check_int(keep_by("sh", script, longest, &e), 0);
	check_int(stat(path, &st), 0);
	check_int(st.st_size, SECRET_MAX);
	unlink(path);
	/* One that does not read does not break us. */
	check_int(keep_by("true", "", longest, &e), 0);
	check_int(keep_by("sh", "exit 7", "s3cret", &e), -EINVAL);
	check(strstr(e.text, "exit code 7") && !strstr(e.text, "s3cret"));
	check_int(keep_by("no-such-program-here", "", "s3cret", &e), -ENOENT);
}

int main(void)
{
	static const struct test_case all[] = {TEST_RUN(sources), TEST_RUN(no_credentials_folder),
		TEST_RUN(slow_command), TEST_RUN(kept_in_a_file), TEST_RUN(kept_by_a_program),
		TEST_RUN(addresses), TEST_RUN(encoding), TEST_RUN(headers)};
	static const char *const names[] = {
		"good", "crlf", "open", "group", "empty", "nul", "long", "cred", "link", "fifo"};
	static char many[SECRET_MAX + 10];
	int r;

	if (!mkdtemp(folder) || chdir(folder) < 0)
		return 1;
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	memset(many, 'x', sizeof(many));
	put("good", "s3cret\n", 7, 0600);
	put("crlf", "s3cret\r\n# a remark\n", 19, 0400);
	put("open", "s3cret\n", 7, 0604);
	put("group", "s3cret\n", 7, 0660);
	put("empty", "\nsecond\n", 8, 0600);
	put("nul", "ab\0c\n", 5, 0600);
	put("long", many, sizeof(many), 0600);
	put("cred", "from systemd\n", 13, 0440);
	if (symlink("good", "link") < 0 || mkfifo("fifo", 0600) < 0)
		return 1;
	r = test_run_all(all, ARRAY_LEN(all));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		unlink(names[i]);
	rmdir(folder);
	return r;
}
