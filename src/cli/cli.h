/* SPDX-License-Identifier: Apache-2.0 */
/* cli - one file a verb.        Threads: main. */
#pragma once

#include "seamfs/base/buf.h"
#include "seamfs/base/err.h"
#include "seamfs/model/stack.h"

/* Exit codes; the man page and README list them. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1, /* whatever has no code of its own */
	EXIT_USAGE = 2,	 /* unknown verb or option */
	EXIT_CONFIG = 3, /* stack.json, a manifest or a secret is wrong */
	EXIT_MOUNT = 4,	 /* the mount point cannot be used */
	EXIT_BUSY = 5,	 /* another seamfs works on the same state */
	EXIT_TOOL = 6,	 /* a tool does not answer or refuses us */
};

/* Where "seamfs tool add" keeps secrets. */
enum keep { KEEP_FILE, KEEP_SECRET_TOOL, KEEP_PASS };

enum { MAX_SETS = 64, MAX_TYPES = 16 };

/* Options that verbs share. */
struct options {
	const char *config;	    /* -c */
	const char *mount;	    /* -m */
	long count;		    /* -n, 0: not given */
	_Bool foreground;	    /* -f */
	_Bool review;		    /* -r */
	_Bool verbose;		    /* -v */
	_Bool paste;		    /* --paste */
	_Bool yes;		    /* --yes */
	const char *output;	    /* -o */
	const char *name;	    /* --name */
	const char *owner;	    /* --owner */
	const char *from, *to;	    /* --from, --to */
	const char *sets[MAX_SETS]; /* --set */
	int set_count;
	const char *types[MAX_TYPES]; /* --type */
	int type_count;
	enum keep keep; /* --secret-file, --secret-tool, --pass */
	int argc;	/* what is left */
	char **argv;
};

struct verb {
	const char *name;
	const char *usage; /* behind "seamfs " */
	const char *help;
	int least, most; /* arguments */
	enum exit_code (*run)(const struct options *o);
};

enum exit_code verb_mount(const struct options *o);
enum exit_code verb_unmount(const struct options *o);
enum exit_code verb_demo(const struct options *o);
enum exit_code verb_status(const struct options *o);
enum exit_code verb_sync(const struct options *o);
enum exit_code verb_approve(const struct options *o);
enum exit_code verb_reject(const struct options *o);
enum exit_code verb_log(const struct options *o);
enum exit_code verb_blame(const struct options *o);
enum exit_code verb_link(const struct options *o);
enum exit_code verb_unlink(const struct options *o);
enum exit_code verb_verify(const struct options *o);
enum exit_code verb_review(const struct options *o);
enum exit_code verb_doctor(const struct options *o);
enum exit_code verb_undo(const struct options *o);
enum exit_code verb_handoff(const struct options *o);
enum exit_code verb_export(const struct options *o);
enum exit_code verb_import(const struct options *o);
enum exit_code verb_move_owner(const struct options *o);
enum exit_code verb_tool(const struct options *o);
enum exit_code verb_hook(const struct options *o);
enum exit_code verb_check(const struct options *o);

/* fail - prints "seamfs: sentence" and returns @code */
enum exit_code fail(enum exit_code code, const struct err *e);

/* order_read - appends a file of the mount to @b; order_give - writes an order into one. 0 or -errno with a sentence. */
int order_read(const char *dir, const char *file, struct buf *b, struct err *e);
int order_give(const char *dir, const char *file, const char *text, struct err *e);

/* order_status - what .seam/status.json says; given to the caller */
int order_status(const char *dir, cJSON **ret, struct err *e);

/* config_load - the stack at -c, else ./stack.json, else ~/.config/seamfs/stack.json; prints the reason on failure */
struct stack *config_load(const struct options *o, enum exit_code *ret_code);

/* config_state_dir - where the database of that stack lives; given to the caller */
char *config_state_dir(const struct stack *stack);

/* config_cache - opens the cache of documents where a tool of the stack holds their bytes; else @ret stays. 0 or -errno. */
struct cache;
int config_cache(const struct stack *stack, const char *state, struct cache **ret, struct err *e);

/* config_beside - the file beside a record's with that ending; @file may also be the folder of a client or a project; given */
char *config_beside(const char *file, const char *ending);

/* config_stack_word - a name for the stack that no other one has: its folder's, and a hash of its path; given */
char *config_stack_word(const struct stack *stack);

/* config_home - $XDG_<kind>_HOME/seamfs, or its default below the home folder; given to the caller */
char *config_home(const char *variable, const char *otherwise);

/* data_path - a file or folder that comes with the program: beside the sources, else installed; given, or NULL */
char *data_path(const char *name);
