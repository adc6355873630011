/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/connect/registry.h"

#include <errno.h>
#include <string.h>

#include "connect/call.h"
#include "connect/drivers.h"
#include "connect/manifest.h"
#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"

/* What is written in C; every other name is that of a manifest. */
static const struct {
	const char *name;
	int (*open)(const struct tool_setup *setup, struct tool_link **ret, struct err *e);
} drivers[] = {
	{"csv", csv_open},
	{"folder", folder_open},
};

void remote_finish(struct remote *r)
{
	free(r->id);
	cJSON_Delete(r->doc);
	free(r->raw);
	free(r->url);
	*r = (struct remote){0};
}

/* A name becomes part of a path, so it is no more than this. */
static _Bool name_valid(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] && strlen(name) < 64;
}

char *connect_manifest_path(const char *connector)
{
	const char *const folders[] = {
		getenv("SEAMFS_CONNECTORS"), SEAMFS_SOURCE_CONNECTORS, SEAMFS_DATA_CONNECTORS};
	_cleanup_(mem_freep) char *file = NULL;

	if (!name_valid(connector))
		return NULL;
	file = str_format("%s.json", connector);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		char *path = folders[i] ? path_join(folders[i], file) : NULL;

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

_Bool connect_known(const char *connector)
{
	_cleanup_(mem_freep) char *path = NULL;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(drivers[i].name, connector) == 0)
			return 1;
	}
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
