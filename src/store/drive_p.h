/* SPDX-License-Identifier: Apache-2.0 */
/* drive_p - what the halves of the drive share. */
#pragma once

#include "seamfs/store/drive.h"

/* DRIVE_OPEN - the due time of what somebody is writing */
#define DRIVE_OPEN INT64_MAX

struct drive_row {
	int64_t id, tool, parent, remote_parent, version, size, mtime_ms, due;
	int64_t done_ms; /* when the tool did the last thing for us there */
	char *name, *remote_name, *remote_id, *etag, *resume;
	_Bool folder, unsent, removed;
	int failures;
};

/* drive_row - 0 or -ENOENT; its texts are given */
int drive_row(struct db *db, int64_t id, struct drive_row *ret);
void drive_row_finish(struct drive_row *row);

/* drive_due - whether a row waits, from when on */
int drive_due(struct tx *tx, int64_t id, int64_t when_ms);

/* file.c */

/* file_chain - the path from the root; @sql, a literal, gives a row's name and folder. Given; NULL when one of them is gone. */
char *file_chain(struct db *db, const char *sql, int64_t id);
int file_event(struct tx *tx, int kind, int64_t parent, const char *name, int64_t id);
