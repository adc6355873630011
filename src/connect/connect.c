/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/connect/registry.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/dav.h"
#include "connect/drivers.h"
#include "connect/manifest.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"

enum { MAX_NAME = 64, MAX_NAMES = 1000 };

/* A collection of a CardDAV or CalDAV server. */
#define DAV_ENTRIES_SETTINGS(what)                                                                           \
	"{\"url\": {\"label\": \"Address of the server, as https://…\"}, " DAV_SETTINGS                      \
	", \"collection\": {\"label\": \"Name of the " what                                                  \
	", where there are several\", \"optional\": true}}"

/* What is written in C; every other name is that of a manifest. */
static const struct {
	const char *name;
	int (*open)(const struct tool_setup *setup, struct tool_link **ret, struct err *e);
	const char *settings; /* as in a manifest; NULL: more than that */
} drivers[] = {
	{"caldav", caldav_open, DAV_ENTRIES_SETTINGS("calendar")},
	{"carddav", carddav_open, DAV_ENTRIES_SETTINGS("address book")},
	{"csv", csv_open, NULL},
	{"folder", folder_open, "{\"path\": {\"label\": \"Folder that holds the documents\"}}"},
	{"s3", s3_open,
		"{\"url\": {\"label\": \"Address of the S3 service, without the bucket\"}, \"bucket\": "
		"{\"label\": \"Bucket\"}, "
		"\"region\": {\"label\": \"Region\", \"default\": \"us-east-1\"}, \"key\": {\"label\": "
		"\"Access key id\"}, "
		"\"secret\": {\"label\": \"Secret access key\", \"secret\": true}, "
		"\"style\": {\"label\": \"path, or host where the bucket is part of the host's name\", "
		"\"default\": \"path\"}, "
		"\"folder\": {\"label\": \"Folder in it\", \"optional\": true}}"},
	{"webdav", webdav_open,
		"{\"url\": {\"label\": \"WebDAV address (Nextcloud: "
		"https://HOST/remote.php/dav/files/USER/)\"}, " DAV_SETTINGS
		", \"folder\": {\"label\": \"Folder in it\", \"optional\": true}}"},
	{"ledger", ledger_open, "{\"file\": {\"label\": \"Journal, for example books/{year}.journal\"}}"},
};

void remote_finish(struct remote *r)
{
	free(r->id);
	cJSON_Delete(r->doc);
	free(r->raw);
	free(r->url);
	*r = (struct remote){0};
}

void remote_file_finish(struct remote_file *f)
{
	free((char *)f->path);
	free((char *)f->id);
	free((char *)f->etag);
	*f = (struct remote_file){0};
}

/* A name becomes part of a path, so it is no more than this. */
static _Bool name_valid(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] &&
	       strlen(name) < MAX_NAME;
}

/* Where manifests are, the first one counts; NULL: there is no such place. */
enum { FOLDERS = 3 };
static const char *manifest_folder(int i)
{
	const char *const folders[FOLDERS] = {
		getenv("SEAMFS_CONNECTORS"), SEAMFS_SOURCE_CONNECTORS, SEAMFS_DATA_CONNECTORS};

	return folders[i];
}

char *connect_manifest_path(const char *connector)
{
	_cleanup_(mem_freep) char *file = NULL;

	if (!name_valid(connector))
		return NULL;
	file = str_format("%s.json", connector);
	for (int i = 0; i < FOLDERS; i++) {
		char *path = manifest_folder(i) ? path_join(manifest_folder(i), file) : NULL;

		if (path && access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

int connect_oauth(const struct tool_setup *setup, struct oauth **ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = connect_manifest_path(setup->connector);
	struct tool_link *link = NULL;
	struct engine *g;
	int r = path ? engine_open(path, setup, &link, e) : 0;

	if (r < 0)
		return r;
	g = (struct engine *)link;
	if (!g || !g->auth.oauth) {
		connect_close(link);
		return err_set(e, EINVAL, "connector \"%s\" has no login: its key is in stack.json",
			setup->connector);
	}
	*ret = g->auth.oauth;
	g->auth.oauth = NULL;
	connect_close(link);
	return 0;
}

_Bool connect_is_driver(const char *connector)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(drivers[i].name, connector) == 0)
			return 1;
	}
	return 0;
}

_Bool connect_known(const char *connector)
{
	_cleanup_(mem_freep) char *path = NULL;

	if (connect_is_driver(connector))
		return 1;
	path = connect_manifest_path(connector);
	return path != NULL;
}

int connect_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = NULL;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(drivers[i].name, setup->connector) == 0)
			return drivers[i].open(setup, ret, e);
	}
	path = connect_manifest_path(setup->connector);
	if (!path)
		return err_field(e, EINVAL, "/connector", "/connector: there is no connector \"%s\"",
			setup->connector);
	return engine_open(path, setup, ret, e);
}

void connect_close(struct tool_link *link)
{
	if (link)
		link->ops->close(link);
}

int connect_check_manifest(const char *path, struct err *e)
{
	struct manifest *m = NULL;
	int r = manifest_load(path, NULL, &m, e);

	manifest_free(m);
	return r;
}

/* ---- which ones there are, and what they want to know ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(char **names, size_t *count, const char *name, size_t len)
{
	char *one = mem_dup(name, len);

	for (size_t i = 0; i < *count; i++) {
		if (strcmp(names[i], one) == 0) {
			free(one);
			return;
		}
	}
	if (*count == MAX_NAMES || !name_valid(one))
		free(one);
	else
		names[(*count)++] = one;
}

static void add_folder(char **names, size_t *count, const char *folder)
{
	DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t n = strlen(entry->d_name);

		if (n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0)
			add_name(names, count, entry->d_name, n - 5);
	}
	if (dir)
		closedir(dir);
}

cJSON *connect_names(void)
{
	char **names = mem_alloc(MAX_NAMES * sizeof(*names));
	cJSON *all = cJSON_CreateArray();
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		add_name(names, &count, drivers[i].name, strlen(drivers[i].name));
	for (int i = 0; i < FOLDERS; i++)
		add_folder(names, &count, manifest_folder(i));
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(all, cJSON_CreateString(names[i]));
		free(names[i]);
	}
	free(names);
	return all;
}

/* How many letters have to be added, removed or replaced (Levenshtein); both are names. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[MAX_NAME + 1], diagonal, above;
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		diagonal = row[0]++;
		for (size_t j = 0; j < n; j++) {
			above = row[j + 1];
			row[j + 1] = diagonal + (a[i] != b[j]);
			if (row[j + 1] > above + 1)
				row[j + 1] = above + 1;
			if (row[j + 1] > row[j] + 1)
				row[j + 1] = row[j] + 1;
			diagonal = above;
		}
	}
	return row[n];
}

/* A slip or two, or the beginning of it. */
static _Bool looks_like(const char *name, const char *wanted)
{
	size_t n = strlen(wanted);

	return distance(wanted, name) <= 2 || (n > 1 && strncmp(name, wanted, n) == 0) ||
	       (strlen(name) > 1 && strncmp(name, wanted, strlen(name)) == 0);
}

static int unknown(const char *connector, struct err *e)
{
	_cleanup_(buf_finish) struct buf near = BUF_INIT(300), all = BUF_INIT(300);
	_cleanup_json_ cJSON *names = connect_names();
	_Bool valid = name_valid(connector);
	const cJSON *name;

	cJSON_ArrayForEach (name, names) {
		buf_printf(&all, "%s%s", all.len ? ", " : "", json_text(name));
		if (valid && looks_like(json_text(name), connector))
			buf_printf(&near, "%s%s", near.len ? " or " : "", json_text(name));
	}
	if (near.len)
		return err_set(e, ENOENT, "there is no connector \"%.60s\"; is %s meant?", connector,
			buf_text(&near));
	return err_set(e, ENOENT, "there is no connector \"%.60s\"; there are %s%s", connector,
		buf_text(&all), all.error ? " …" : "");
}

static int driver_needs(const char *name, const char *settings, struct connector_needs *ret, struct err *e)
{
	if (!settings)
		return err_set(e, EOPNOTSUPP,
			"which column of which file is which field has to be written into stack.json: "
			"README.md "
			"says how, for \"%s\"",
			name);
	ret->settings = json_stored(settings);
	ret->title = str_dup(name);
	return 0;
}

int connect_needs(const char *connector, struct connector_needs *ret, struct err *e)
{
	_cleanup_(mem_freep) char *path = connect_manifest_path(connector);
	_cleanup_(manifest_freep) struct manifest *m = NULL;
	struct connector_needs n = {0};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(drivers[i].name, connector) == 0)
			return driver_needs(connector, drivers[i].settings, ret, e);
	}
	if (!path)
		return unknown(connector, e);
	r = manifest_load(path, NULL, &m, e);
	if (r < 0)
		return r;
	n.title = str_dup(m->title);
	n.settings = m->settings ? cJSON_Duplicate(m->settings, 1) : cJSON_CreateObject();
	n.login = str_equal(json_get_text(json_at(m->http, "/auth/oauth2"), "grant"), "code");
	*ret = n;
	return 0;
}

void connector_needs_finish(struct connector_needs *n)
{
	free(n->title);
	cJSON_Delete(n->settings);
	*n = (struct connector_needs){0};
}
