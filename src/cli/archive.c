/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/net/crypto.h"

#define MANIFEST "manifest.json"

enum { FORMAT = 1, PIECE = 1 << 24 };

char *archive_place(const struct archive *a, const char *path)
{
	return path_join(a->dir, path);
}

/* ---- writing ---- */

int archive_begin(struct archive *a, const char *dir, struct err *e)
{
	struct dirent *entry;
	DIR *d;
	int r = file_make_dirs(dir, 0700, e);

	*a = (struct archive){.dir = dir};
	if (r < 0)
		return r;
	d = opendir(dir);
	if (!d)
		return err_set(e, errno, "cannot open the folder %s: %s", dir, strerror(errno));
	while (r == 0 && (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = err_set(e, EEXIST,
				"%s is not empty: an export wants a folder of its own, so that nothing in it "
				"is of another time",
				dir);
	}
	closedir(d);
	return r;
}

static void note(struct archive *a, const char *path)
{
	if (a->count == a->size) {
		a->size = a->size ? a->size * 2 : 256;
		a->files = mem_grow(a->files, a->size, sizeof(*a->files));
	}
	a->files[a->count++] = str_dup(path);
}

/* A new file of the archive; its folders are made. */
static int make(struct archive *a, const char *path, struct err *e)
{
	_cleanup_(mem_freep) char *place = archive_place(a, path);
	_cleanup_(mem_freep) char *folder = path_dir(place);
	int r = file_make_dirs(folder, 0700, e), fd;

	if (r < 0)
		return r;
	fd = open(place, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "cannot make %s: %s", place, strerror(errno));
	note(a, path);
	return fd;
}

static int cannot_write(const struct archive *a, const char *path, int r, struct err *e)
{
	return err_set(e, -r, "cannot write %s/%s: %s", a->dir, path, strerror(-r));
}

int archive_put(struct archive *a, const char *path, const void *bytes, size_t len, struct err *e)
{
	_cleanup_(fd_closep) int fd = make(a, path, e);
	int r = fd < 0 ? fd : file_write_all(fd, bytes, len);

	return r < 0 && fd >= 0 ? cannot_write(a, path, r, e) : r;
}

int archive_copy_file(int from, int to)
{
	struct timespec times[2];
	struct stat st;
	off_t at = 0;
	ssize_t n = 1;

	if (fstat(from, &st) < 0)
		return -errno;
	while (n > 0) {
		n = sendfile(to, from, &at, PIECE);
		if (n < 0 && errno != EINTR)
			return -errno;
		n = n < 0 ? 1 : n;
	}
	times[0] = times[1] = st.st_mtim;
	return futimens(to, times) < 0 ? -errno : 0;
}

int archive_copy(struct archive *a, const char *path, int from, struct err *e)
{
	_cleanup_(fd_closep) int fd = make(a, path, e);
	int r = fd < 0 ? fd : archive_copy_file(from, fd);

	return r < 0 && fd >= 0 ? cannot_write(a, path, r, e) : r;
}

struct archive_lines {
	struct archive *archive;
	char *path;
	FILE *file;
};

int archive_lines(struct archive *a, const char *path, struct archive_lines **ret, struct err *e)
{
	int fd = make(a, path, e);

	if (fd < 0)
		return fd;
	*ret = mem_alloc(sizeof(**ret));
	(*ret)->archive = a;
	(*ret)->path = str_dup(path);
	(*ret)->file = fdopen(fd, "w");
	if (!(*ret)->file)
		abort();
	return 0;
}

int archive_line(struct archive_lines *l, const cJSON *line)
{
	_cleanup_(mem_freep) char *text = json_print(line);

	return fprintf(l->file, "%s\n", text) < 0 ? -errno : 0;
}

int archive_lines_end(struct archive_lines *l, struct err *e)
{
	int r = fclose(l->file) != 0 ? cannot_write(l->archive, l->path, -errno, e) : 0;

	free(l->path);
	free(l);
	return r;
}

/* ---- hashes ---- */

/* What the manifest says of a file: how long it is, and its hash. */
static int measure(const struct archive *a, const char *path, cJSON **ret, struct err *e)
{
	_cleanup_(mem_freep) char *place = archive_place(a, path);
	_cleanup_(fd_closep) int fd = open(place, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unsigned char hash[CRYPTO_SHA256_SIZE];
	_cleanup_(buf_finish) struct buf hex = BUF_INIT(200);
	void *bytes = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "cannot read %s: %s", place, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is no file", place);
	if (st.st_size) {
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes == MAP_FAILED)
			return err_set(e, errno, "cannot read %s: %s", place, strerror(errno));
	}
	crypto_sha256(bytes ? bytes : "", (size_t)st.st_size, hash);
	if (bytes)
		munmap(bytes, (size_t)st.st_size);
	crypto_hex(&hex, hash, sizeof(hash));
	*ret = cJSON_CreateObject();
	json_set(*ret, "bytes", json_new_int(st.st_size));
	json_set_text(*ret, "sha256", buf_text(&hex));
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int archive_end(struct archive *a, const cJSON *head, struct err *e)
{
	_cleanup_json_ cJSON *manifest = cJSON_Duplicate(head, 1);
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_(mem_freep) char *place = archive_place(a, MANIFEST);
	_cleanup_(fd_closep) int fd = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cJSON *files;
	int r = 0;

	json_set(manifest, "format", json_new_int(FORMAT));
	files = cJSON_AddObjectToObject(manifest, "files");
	qsort(a->files, a->count, sizeof(*a->files), by_path);
	for (size_t i = 0; i < a->count && r == 0; i++) {
		cJSON *entry;

		r = measure(a, a->files[i], &entry, e);
		if (r == 0)
			cJSON_AddItemToObject(files, a->files[i], entry);
	}
	if (r == 0)
		r = json_pretty(&text, manifest);
	if (r < 0)
		return r;
	/* A manifest on the disk is the word that all of the rest is there. */
	if (fd < 0 || syncfs(fd) < 0)
		return err_set(e, errno, "cannot write %s: %s", a->dir, strerror(errno));
	return file_replace(place, buf_text(&text), text.len, 0600, e);
}

/* ---- reading ---- */

static _Bool is_inside(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/') {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return 0;
	}
	return path[0] != '\0';
}

static int compare(const struct archive *a, const cJSON *file, struct err *e)
{
	_cleanup_json_ cJSON *is = NULL;
	int r = is_inside(file->string)
			? measure(a, file->string, &is, e)
			: err_set(e, EINVAL, "%s/" MANIFEST " names \"%.200s\", which is not in it", a->dir,
				  file->string);

	if (r == 0 && !json_equal(is, file))
		r = err_set(e, EINVAL,
			"%s/%s is not what the manifest says: it has been changed or damaged since the "
			"export",
			a->dir, file->string);
	return r;
}

int archive_open(struct archive *a, const char *dir, struct err *e)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(BUF_MAX_SCRATCH);
	_cleanup_(mem_freep) char *place = NULL;
	const cJSON *file;
	int64_t format = 0;
	int r;

	*a = (struct archive){.dir = dir};
	place = archive_place(a, MANIFEST);
	r = file_read(place, &text, NULL);
	if (r < 0)
		return err_set(e, -r, "%s is no whole export: cannot read %s: %s", dir, place, strerror(-r));
	r = json_parse(buf_text(&text), text.len, JSON_STRICT, &a->manifest, NULL, e);
	if (r < 0)
		return r;
	(void)json_int64(json_get(a->manifest, "format"), &format);
	if (format != FORMAT || !cJSON_IsObject(json_get(a->manifest, "files")))
		return err_set(e, EINVAL, "%s is none that this seamfs can read", place);
	cJSON_ArrayForEach (file, json_get(a->manifest, "files")) {
		r = compare(a, file, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int archive_each(const struct archive *a, const char *path, int (*f)(void *context, const cJSON *line),
	void *context, struct err *e)
{
	_cleanup_(mem_freep) char *place = archive_place(a, path);
	FILE *file = fopen(place, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t n;
	int r = 0;

	if (!file)
		return err_set(e, errno, "cannot read %s: %s", place, strerror(errno));
	while (r == 0 && (n = getline(&text, &size, file)) > 0) {
		_cleanup_json_ cJSON *line = NULL;

		r = json_parse(text, (size_t)n, JSON_STRICT, &line, NULL, e);
		if (r == 0)
			r = f(context, line);
	}
	free(text);
	fclose(file);
	return r;
}

void archive_finish(struct archive *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->files[i]);
	free(a->files);
	cJSON_Delete(a->manifest);
}
