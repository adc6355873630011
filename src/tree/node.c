/* SPDX-License-Identifier: Apache-2.0 */
#include "tree/failure.h"
#include "tree/kinds.h"
#include "tree/known.h"
#include "tree/remote.h"
#include "tree/table.h"

#include <errno.h>
#include <string.h>

#include "seamfs/base/clock.h"
#include "seamfs/base/mem.h"
#include "seamfs/report/report.h"

const struct node_kind node_kinds[PLACE_KIND_COUNT] = {
	[PLACE_ROOT] = {node_root_stat, node_root_lookup, node_root_list, 2},
	[PLACE_FIXED] = {node_fixed_stat, node_fixed_lookup, node_fixed_list, 2, node_fixed_read,
		.parent = node_fixed_parent},
	[PLACE_COLLECTION] = {node_collection_stat, node_collection_lookup, node_collection_list, 5,
		.parent = node_collection_parent},
	[PLACE_RECORD_DIR] = {node_dir_stat, node_dir_lookup, node_dir_list, 2, .parent = node_dir_parent},
	[PLACE_RECORD] = {node_record_stat, .read = node_record_read, .parent = node_record_parent},
	[PLACE_PARTS] = {node_parts_stat, node_parts_lookup, node_parts_list, 3, .parent = node_parts_parent},
	[PLACE_HUB_LINK] = {node_hub_stat, .target = node_hub_target, .parent = node_hub_parent},
	[PLACE_DOCS_LINK] = {node_docs_stat, .target = node_docs_target, .parent = node_docs_parent},
	[PLACE_BY] = {node_by_stat, node_by_lookup, node_by_list, 1, .parent = node_by_parent},
	[PLACE_VIEW] = {node_view_stat, node_view_lookup, node_view_list, 1, .parent = node_view_parent},
	[PLACE_VALUE] = {node_value_stat, node_value_lookup, node_value_list, 1, .parent = node_value_parent},
	[PLACE_VALUE_LINK] = {node_facet_stat, .target = node_facet_target, .parent = node_facet_parent},
	[PLACE_SCRATCH] = {node_scratch_stat, node_scratch_lookup, node_scratch_list, 1,
		.read = node_scratch_read, .target = node_scratch_target, .parent = node_scratch_parent},
	[PLACE_FILE] = {node_file_stat, node_file_lookup, node_file_list, 1, .parent = node_file_parent},
	[PLACE_SCHEMA] = {node_schema_stat, .read = node_schema_read, .parent = node_schema_parent},
	[PLACE_TOOL] = {node_tool_stat, node_tool_lookup, node_tool_list, 1, .parent = node_tool_parent},
	[PLACE_TOOL_TYPE] = {node_raws_stat, node_raws_lookup, node_raws_list, 1, .parent = node_raws_parent},
	[PLACE_RAW] = {node_raw_stat, .read = node_raw_read, .parent = node_raw_parent},
	[PLACE_TRASH] = {node_trash_stat, node_trash_lookup, node_trash_list, 1, .parent = node_trash_parent},
	[PLACE_TRASHED] = {node_trashed_stat, .read = node_trashed_read, .parent = node_trashed_parent},
	[PLACE_PROBLEM] = {node_problem_stat, .read = node_problem_read, .parent = node_problem_parent},
	[PLACE_META] = {node_meta_stat, .read = node_meta_read, .parent = node_meta_parent},
	[PLACE_LOG] = {node_meta_stat, .read = node_meta_read, .parent = node_meta_parent},
	[PLACE_CARD] = {node_meta_stat, .read = node_card_read, .parent = node_meta_parent},
	[PLACE_OUTBOX] = {node_outbox_stat, .read = node_outbox_read, .parent = node_outbox_parent},
	[PLACE_RUN] = {node_run_stat, .read = node_run_read, .parent = node_run_parent},
	[PLACE_TRIAL] = {node_trial_stat, .read = node_trial_read, .parent = node_trial_parent},
	[PLACE_HISTORY] = {node_history_stat, .read = node_history_read, .parent = node_history_parent},
	[PLACE_REPORT] = {node_report_stat, .read = node_report_read, .parent = node_report_parent},
	[PLACE_JOURNAL] = {node_journal_stat, .read = node_journal_read, .parent = node_journal_parent},
	[PLACE_TABLE] = {node_table_stat, .read = node_table_read, .parent = node_table_parent},
	[PLACE_FIELDS] = {node_fields_stat, node_fields_lookup, node_fields_list, 1,
		.parent = node_fields_parent},
	[PLACE_FIELD] = {node_field_stat, .read = node_field_read, .parent = node_field_parent},
	[PLACE_ASIDE] = {node_aside_stat, node_aside_entry, node_aside_list, 1, node_aside_read,
		.parent = node_aside_parent},
};

static const struct node_kind *kind_of(struct place p)
{
	static const struct node_kind nothing;

	return (unsigned)p.kind < PLACE_KIND_COUNT ? &node_kinds[p.kind] : &nothing;
}

static int fill(struct node *ret, uint64_t ino, uint32_t mode, int64_t size, int64_t mtime_ms)
{
	*ret = (struct node){
		.ino = ino, .mode = mode, .nlink = S_ISDIR(mode) ? 2 : 1, .size = size, .mtime_ms = mtime_ms};
	return 0;
}

int node_folder(struct node *ret, uint64_t ino, int64_t mtime_ms)
{
	return fill(ret, ino, S_IFDIR | 0755, 4096, mtime_ms);
}

int node_file(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms)
{
	return fill(ret, ino, S_IFREG | 0644, size, mtime_ms);
}

int node_link(struct node *ret, uint64_t ino, int64_t size, int64_t mtime_ms)
{
	return fill(ret, ino, S_IFLNK | 0777, size, mtime_ms);
}

int node_made(struct tree *tree, struct place p, int64_t mtime_ms, struct node *ret)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	int r = node_kinds[p.kind].read(tree, p, &b);

	node_file(ret, place_to_ino(p), (int64_t)b.len, mtime_ms);
	ret->mode = S_IFREG | 0444;
	ret->live = 1;
	ret->fleeting = 1;
	buf_finish(&b);
	return r == -E2BIG ? -EFBIG : r;
}

_Bool node_add(struct listing *l, int64_t id, const char *name, const struct node *node)
{
	if (!l->fill(l->context, name, node, (uint64_t)l->section << 48 | (uint64_t)(id & 0xffffffffffff)))
		l->full = 1;
	return !l->full;
}

int tree_lookup(struct tree *tree, uint64_t dir, const char *name, struct node *ret)
{
	struct place p = place_of_ino(dir);
	const struct node_kind *kind = kind_of(p);
	struct record_slot slot;
	int r;

	if (!kind->lookup)
		return -ENOTDIR;
	if (strlen(name) > 255)
		return -ENAMETOOLONG;
	if (node_is_away(tree, dir, name)) {
		ret->fleeting = 1;
		return -ENOENT;
	}
	r = kind->lookup(tree, p, name, ret);
	/* Not a record yet, and no temporary file any more: between these two looks it became one. */
	if (r == -ENOENT && node_slot(tree, p, name, &slot) && slot.record)
		r = kind->lookup(tree, p, name, ret);
	return r == -ENOENT ? node_aside_lookup(tree, p, name, ret) : r;
}

int tree_list(struct tree *tree, uint64_t dir, uint64_t offset, tree_filler fill_entry, void *context)
{
	struct place p = place_of_ino(dir);
	const struct node_kind *kind = kind_of(p);
	struct listing l = {.tree = tree,
		.db = store_db(tree->store),
		.place = p,
		.fill = fill_entry,
		.context = context};
	int snapshot;

	if (!kind->list)
		return -ENOTDIR;
	l.after = (int64_t)(offset & 0xffffffffffff);
	/* Of one moment: a file that becomes a record meanwhile is in one section or in the other. */
	snapshot = sqlite3_get_autocommit(l.db->handle) ? db_run(l.db, "BEGIN", "") : -EALREADY;
	for (l.section = (unsigned)(offset >> 48); l.section < kind->sections && !l.full; l.section++) {
		kind->list(&l);
		l.after = 0;
	}
	if (snapshot == 0)
		db_run(l.db, "COMMIT", "");
	return 0;
}

int tree_target(struct tree *tree, uint64_t ino, char **ret)
{
	struct place p = place_of_ino(ino);
	const struct node_kind *kind = kind_of(p);

	if (!kind->target)
		return -EINVAL;
	*ret = kind->target(tree, p);
	return *ret ? 0 : -ENOENT;
}

char *tree_path(struct tree *tree, uint64_t ino)
{
	struct place p = place_of_ino(ino);
	char *path = NULL;

	for (int depth = 0; p.kind != PLACE_ROOT && depth < 200; depth++) {
		_cleanup_(mem_freep) char *name = NULL;
		struct place parent;
		char *longer;

		if (!kind_of(p)->parent || kind_of(p)->parent(tree, p, &parent, &name) < 0 || !name) {
			free(path);
			return NULL;
		}
		longer = path ? str_format("%s/%s", name, path) : str_dup(name);
		free(path);
		path = longer;
		p = parent;
	}
	return path ? path : str_dup("");
}

char *node_relative(const char *from, const char *to)
{
	size_t common = 0, i;
	struct buf b = BUF_INIT(8192);

	/* The shared folders, up to and with the last '/' in which both agree; a whole path can be a folder of the other. */
	for (i = 0; from[i] && from[i] == to[i]; i++) {
		if (from[i] == '/')
			common = i + 1;
	}
	if (!from[i] && to[i] == '/')
		common = i + 1;
	if (common <= strlen(from) && from[0]) {
		buf_puts(&b, "../");
		for (const char *p = from + common; *p; p++) {
			if (*p == '/')
				buf_puts(&b, "../");
		}
	}
	buf_puts(&b, to + common);
	return buf_steal(&b);
}

/* Files become records even where programs are at work without a pause. */
static void names_begin(struct tree *tree)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&tree->names, &attr);
	pthread_rwlockattr_destroy(&attr);
}

uint64_t node_became(struct tree *tree, int64_t scratch)
{
	uint64_t ino = 0;

	pthread_mutex_lock(&tree->mutex);
	for (size_t i = 0; i < TREE_MAX_BECAME; i++) {
		if (tree->became[i].scratch == scratch)
			ino = tree->became[i].ino;
	}
	pthread_mutex_unlock(&tree->mutex);
	return ino;
}

struct tree *tree_new(struct store *store, struct cache *cache)
{
	struct tree *tree = mem_alloc(sizeof(*tree));
	const struct stack *stack = store_stack(store);
	int owner = stack->owners[TYPE_DOCUMENT];

	tree->store = store;
	/* The same after a restart: what compares times (rsync) must not take all of it for new. */
	tree->made_ms = stack->mtime_ms;
	tree->drive = owner != TOOL_LOCAL && stack->tools[owner].files ? owner : -1;
	pthread_mutex_init(&tree->mutex, NULL);
	names_begin(tree);
	events_init(&tree->events, store_position(store));
	failure_begin(tree);
	known_begin(tree);
	table_begin(tree);
	if (cache && tree->drive >= 0 && !stack->tools[owner].folder)
		remote_begin(tree, cache);
	tree->reports = report_cache_new(store);
	return tree;
}

void tree_free(struct tree *tree)
{
	if (!tree)
		return;
	failure_end(tree);
	known_end(tree);
	remote_end(tree);
	report_cache_free(tree->reports);
	table_end(tree);
	events_finish(&tree->events);
	pthread_mutex_destroy(&tree->mutex);
	pthread_rwlock_destroy(&tree->names);
	free(tree);
}

struct store *tree_store(struct tree *tree)
{
	return tree->store;
}
