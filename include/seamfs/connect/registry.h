/* SPDX-License-Identifier: Apache-2.0 */
/* registry - which connectors there are, and opening a tool with one of them.        Threads: any. */
#pragma once

#include "seamfs/connect/connect.h"

/* What a connector is opened with. */
struct tool_setup {
	const char *name;      /* "crm" */
	const char *connector; /* "csv" */
	const cJSON *config;   /* the tool's object in stack.json, borrowed while the link is open */
	const char *base_dir;  /* folder of stack.json: relative paths start here */
	const char *currency;  /* the company's */
	atomic_bool *stop;
};

/**
 * connect_open - opens a link: reads manifest, settings and secrets, and checks the configuration; no network yet
 *
 * Returns 0 or -errno; the sentence begins with the JSON Pointer of the offending key, relative to the tool's object,
 * where one key is at fault (err.field holds the pointer too).
 */
int connect_open(const struct tool_setup *setup, struct tool_link **ret, struct err *e);
void connect_close(struct tool_link *link);

struct oauth;

/* connect_oauth - the login of a tool whose connector wants one; for oauth_free(). 0, -EINVAL for any other tool, or as above. */
int connect_oauth(const struct tool_setup *setup, struct oauth **ret, struct err *e);

/* What a connector wants to be told about a tool. */
struct connector_needs {
	char *title;	 /* "Redmine" */
	cJSON *settings; /* key of the tool's object -> { "label", "secret", "optional", "default" } */
	_Bool login;	 /* a person has to allow it in a browser, see connect_oauth() */
};

/**
 * connect_needs - reads them
 * @ret: for connector_needs_finish(); written on success only
 *
 * Returns 0; -ENOENT for an unknown connector (the sentence has names that look like it, or all of them); -EOPNOTSUPP
 * for one whose tools cannot be described by a few answers; or that of connect_check_manifest().
 */
int connect_needs(const char *connector, struct connector_needs *ret, struct err *e);
void connector_needs_finish(struct connector_needs *n);

/* connect_names - the names of all connectors, an array of texts in order; given to the caller */
cJSON *connect_names(void);

/* connect_is_driver - whether tools of that kind are none of a manifest's */
_Bool connect_is_driver(const char *connector);

/* connect_known - whether there is a driver or a manifest of that name */
_Bool connect_known(const char *connector);

/**
 * connect_manifest_path - where the manifest of that connector is: $SEAMFS_CONNECTORS (a folder), else beside the
 * sources, else the installed data folder; given to the caller, NULL when there is none
 */
char *connect_manifest_path(const char *connector);

/* connect_check_manifest - reads and examines one manifest; the sentence begins with "FILE:LINE:COLUMN: " */
int connect_check_manifest(const char *path, struct err *e);
