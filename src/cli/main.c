/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/utf8.h"

static const struct verb verbs[] = {
	{"mount", "mount [-c stack.json] [-f] [-r] DIR",
		"Shows the stack's records as a directory tree on the empty folder DIR and keeps them in "
		"step with the tools.\n"
		"  -c FILE  the configuration (default: ./stack.json, then ~/.config/seamfs/stack.json)\n"
		"  -f       stay in the foreground and log to the terminal\n"
		"  -r       review: nothing is sent to a tool before \"seamfs approve\"",
		1, 1, verb_mount},
	{"unmount", "unmount DIR",
		"Ends the mount on DIR. What the tools have not confirmed yet is sent after the next mount.",
		1, 1, verb_unmount},
	{"demo", "demo DIR",
		"Makes a sample studio (spreadsheets and documents below ~/.local/share/seamfs/demo) and "
		"mounts it on DIR.",
		1, 1, verb_demo},
	{"status", "status [-m DIR]", "Says how the tools of the mount are doing and what waits to be sent.",
		0, 0, verb_status},
	{"sync", "sync [-m DIR] [TOOL]",
		"Fetches from the tools (or one of them) now, and waits until that is done.", 0, 1,
		verb_sync},
	{"approve", "approve [-m DIR] [NUMBER...]",
		"Shows what waits for a person and has it done in the tools: changes for tools with "
		"\"send\": "
		"\"review\", and removals that were many at once. With numbers only those changes, unseen.",
		0, 1000, verb_approve},
	{"reject", "reject [-m DIR] [NUMBER...]",
		"Shows what waits for a person and takes it back: records get what their tools have, removed "
		"ones "
		"come back, new ones go to the trash.",
		0, 1000, verb_reject},
	{"log", "log [-m DIR] [-n COUNT] [FILE]",
		"The last changes of all records, or of the one in FILE, newest first: number, time (UTC), "
		"who, "
		"why, and each field's old and new value.\n"
		"  -n COUNT  how many changes (default 50)",
		0, 1, verb_log},
	{"blame", "blame FILE", "Who set each field of a record last, when and why, and who owns the field.",
		1, 1, verb_blame},
	{"undo", "undo [-m DIR] CHANGE",
		"Takes back the change with that number (see \"seamfs log\"): a new change, which is sent to "
		"the "
		"tools like any other.",
		1, 1, verb_undo},
	{"link", "link FILE FILE",
		"The two files or folders are the same client (or contact …): one record from now on, in all "
		"tools "
		"that hold either.",
		2, 2, verb_link},
	{"unlink", "unlink FILE TOOL",
		"What TOOL holds of that record is another one: it becomes a record of its own, and nothing "
		"is made "
		"or removed in any tool.",
		2, 2, verb_unlink},
	{"verify", "verify [-m DIR] [--sample N]",
		"Reads records from every tool again, N of each or all, and reports where they differ from "
		"what sync "
		"knows. Exit code 1 when any does. Happens by itself, too (\"verify\" in stack.json).",
		0, 0, verb_verify},
	{"handoff",
		"handoff [-m DIR] list | test RULE FILE | runs [-n COUNT] | replay RULE [FILE] | pause RULE "
		"| resume RULE",
		"list: the rules of stack.json that do things by themselves, and how often they did.\n"
		"test: what the rule would do to that record, as a diff; nothing is done.\n"
		"runs: what the rules did, the last one at the end.\n"
		"  -n COUNT  how many runs (default 20)\n"
		"replay: carries out what failed, or what the rule would have done to FILE, or to every "
		"record "
		"that is as it wants it, before there was the rule; nothing that was done is done again.\n"
		"pause, resume: what happens meanwhile is done after \"resume\".",
		1, 3, verb_handoff},
	{"export", "export [-c stack.json] [-m MOUNT] DIR",
		"Writes everything into the new or empty folder DIR: records as JSON and CSV, documents, the "
		"history, and a "
		"manifest with the SHA-256 of each file. With a mount or without one; no tool is asked.\n"
		"  -m MOUNT  read the documents that a tool holds through this mount",
		1, 1, verb_export},
	{"import",
		"import [-c stack.json] [--yes] DIR | [--yes] --type TYPE [--set FIELD=COLUMN]... FILE.csv",
		"Shows what would be done, and with --yes does it. Nothing is made twice when it is done "
		"twice. Not while "
		"it is mounted.\n"
		"DIR: what \"seamfs export\" wrote. Into an empty database everything comes back as it was; "
		"else what is not "
		"there yet is made, and what is there stays as it is.\n"
		"FILE.csv: each row becomes a record of that type, or changes the one that it is about; "
		"empty cells change "
		"nothing.\n"
		"  --type TYPE         client, contact, invoice ...\n"
		"  --set FIELD=COLUMN  which column is that field; those with its name or title are found\n"
		"  --yes               do it",
		1, 1, verb_import},
	{"move-owner", "move-owner [-c stack.json] TYPE --from TOOL --to TOOL [--yes]",
		"Makes another tool (or \"local\") the owner of a type. Shows what would be done, and with "
		"--yes does it: sends "
		"the new owner every record that it lacks, waits until it has them all, and only then writes "
		"stack.json. Not "
		"while it is mounted; when it is stopped, it is begun again and goes on.",
		1, 1, verb_move_owner},
	{"tool",
		"tool [-c stack.json] list | add [CONNECTOR] | test NAME [TYPE...] | login NAME [--paste] | "
		"hook NAME | check FILE | new SPEC.json [-o FILE]",
		"list: the tools of the stack, and what each of them holds.\n"
		"add: asks for what a tool of that kind needs, tries it, shows the first records of each "
		"type, and "
		"writes it into stack.json; without CONNECTOR: which ones there are.\n"
		"  --name NAME      what the tool is called (default: as the connector)\n"
		"  --stack FILE     the configuration, as -c\n"
		"  --set KEY=VALUE  an answer; a secret's is file:PATH, command:PROGRAM ARGUMENT... or "
		"credential:NAME,\n"
		"                   as in stack.json; without one it is asked for, or is a line of standard "
		"input\n"
		"  --secret-file    keep secrets in files that only you can read, in secrets/ beside "
		"stack.json (default)\n"
		"  --secret-tool, --pass  hand them to the keyring (secret-tool store), or to pass\n"
		"  --owner TYPE,... what the tool is to own (default: what no tool owns yet), or none\n"
		"  --yes            do not ask what has a default, nor whether to write\n"
		"  --paste          as with login\n"
		"test: asks one tool whether it lets us in, reads records of each type, writes one value of "
		"the newest "
		"as it is, and reads it again; nothing is made or removed. Exit code 0 only when all of that "
		"went "
		"well.\n"
		"  --yes    write without asking\n"
		"login: lets a person allow it in a browser, where the tool's connector wants that; a "
		"running "
		"mount notices.\n"
		"  --paste  the browser is on another machine: paste the address that it ends at\n"
		"hook: prints the address that the tool's webhooks are to be sent to (\"listen\" in "
		"stack.json).\n"
		"check: says file, line, column and reason of what is wrong in a connector's manifest.\n"
		"new: drafts a manifest from an OpenAPI document; what was guessed, and what has to be "
		"looked up, "
		"goes to standard error.\n"
		"  --name NAME       what the connector is called (default: made from the document's title)\n"
		"  --type TYPE=PATH  where in the document a type of ours is, such as client=/customers, or "
		"client=/customers,/customer/{id} when one record is elsewhere; without PATH the type is "
		"left "
		"out\n"
		"  -o FILE           a new file for the draft (default: standard output)",
		1, 2 + TYPE_COUNT, verb_tool},
	{"hook", "hook [-c stack.json]",
		"Prints the address at which n8n, Zapier, Make or any other program writes records "
		"(\"listen\" in "
		"stack.json). It is a secret: whoever has it may write.",
		0, 0, verb_hook},
	{"review", "review [-c stack.json] [-m DIR] [--yes]",
		"Shows the stack (reports/stack.md) and what has changed since the last review, and asks "
		"about each tool; "
		"those that are in order get today's date (\"verified\") in stack.json.\n"
		"  --yes  all of them are",
		0, 0, verb_review},
	{"doctor", "doctor [-c stack.json]",
		"Looks at what seamfs needs of the machine: mounting, watching, the clock, the disk, the "
		"configuration, "
		"and that nobody else can read the secrets. Asks no tool. Exit code 1 when something is "
		"wrong.",
		0, 0, verb_doctor},
	{"check", "check [-c stack.json]",
		"Checks the configuration and every manifest; says file, line, column and reason.", 0, 0,
		verb_check},
};

enum exit_code fail(enum exit_code code, const struct err *e)
{
	_cleanup_(mem_freep) char *text = str_dup(e->text);

	utf8_disarm(text); /* some of it may be a tool's words */
	fprintf(stderr, "seamfs: %s\n", text);
	return code;
}

static void print_usage(FILE *out)
{
	fputs("Your business as files. Usage:\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		fprintf(out, "  seamfs %s\n", verbs[i].usage);
	fputs("\n\"seamfs VERB --help\" explains one; \"seamfs --version\" says which version this is.\n"
	      "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration, 4 mount point, 5 already running, 6 a "
	      "tool fails.\n",
		out);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

static _Bool read_count(const char *text, long *ret)
{
	char *end;

	*ret = strtol(text, &end, 10);
	if (!*end && *ret > 0)
		return 1;
	fprintf(stderr, "seamfs: the option wants a number, not \"%s\"\n", text);
	return 0;
}

static const struct option longs[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"config", required_argument, NULL, 'c'},
	{"mount", required_argument, NULL, 'm'},
	{"count", required_argument, NULL, 'n'},
	{"sample", required_argument, NULL, 'n'},
	{"foreground", no_argument, NULL, 'f'},
	{"review", no_argument, NULL, 'r'},
	{"verbose", no_argument, NULL, 'v'},
	{"paste", no_argument, NULL, 'p'},
	{"yes", no_argument, NULL, 'y'},
	{"stack", required_argument, NULL, 'c'},
	{"name", required_argument, NULL, 'N'},
	{"owner", required_argument, NULL, 'O'},
	{"set", required_argument, NULL, 's'},
	{"secret-file", no_argument, NULL, 'F'},
	{"secret-tool", no_argument, NULL, 'K'},
	{"pass", no_argument, NULL, 'P'},
	{"output", required_argument, NULL, 'o'},
	{"type", required_argument, NULL, 'T'},
	{"from", required_argument, NULL, 'A'},
	{"to", required_argument, NULL, 'B'},
	{0},
};

/* Of an option that can be given several times. False: the reason has been printed. */
static _Bool add_text(const char **texts, int *count, int most, const char *option)
{
	if (*count < most) {
		texts[(*count)++] = optarg;
		return 1;
	}
	fprintf(stderr, "seamfs: %s is there more than %d times\n", option, most);
	return 0;
}

/* Options of "seamfs tool". False: the reason has been printed. */
static _Bool take_tool_option(int c, struct options *o)
{
	switch (c) {
	case 'p':
		o->paste = 1;
		break;
	case 'y':
		o->yes = 1;
		break;
	case 'N':
		o->name = optarg;
		break;
	case 'O':
		o->owner = optarg;
		break;
	case 'o':
		o->output = optarg;
		break;
	case 'A':
		o->from = optarg;
		break;
	case 'B':
		o->to = optarg;
		break;
	case 's':
		return add_text(o->sets, &o->set_count, MAX_SETS, "--set");
	case 'T':
		return add_text(o->types, &o->type_count, MAX_TYPES, "--type");
	case 'F':
		o->keep = KEEP_FILE;
		break;
	case 'K':
		o->keep = KEEP_SECRET_TOOL;
		break;
	case 'P':
		o->keep = KEEP_PASS;
		break;
	}
	return 1;
}

/* False: the reason has been printed. */
static _Bool take_option(int c, struct options *o)
{
	switch (c) {
	case 'c':
		o->config = optarg;
		break;
	case 'm':
		o->mount = optarg;
		break;
	case 'n':
		return read_count(optarg, &o->count);
	case 'f':
		o->foreground = 1;
		break;
	case 'r':
		o->review = 1;
		break;
	case 'v':
		o->verbose = 1;
		break;
	default:
		return take_tool_option(c, o);
	}
	return 1;
}

/* Returns -1 to go on, else an exit code. */
static int parse_options(const struct verb *verb, int argc, char **argv, struct options *o)
{
	char option[8];
	int c;

	while ((c = getopt_long(argc, argv, ":hVc:m:n:o:frv", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			printf("Usage: seamfs %s\n\n%s\n", verb->usage, verb->help);
			return EXIT_OK;
		case 'V':
			puts("seamfs " SEAMFS_VERSION);
			return EXIT_OK;
		case ':':
		case '?':
			snprintf(option, sizeof(option), "-%c", optopt);
			fprintf(stderr, "seamfs: %s \"%s\"; see: seamfs %s --help\n",
				c == ':' ? "an argument is missing behind" : "unknown option",
				c == '?' && optopt ? option : argv[optind - 1], verb->name);
			return EXIT_USAGE;
		default:
			if (!take_option(c, o))
				return EXIT_USAGE;
		}
	}
	o->argc = argc - optind;
	o->argv = argv + optind;
	if (o->argc < verb->least || o->argc > verb->most) {
		fprintf(stderr, "seamfs: %s arguments. Usage: seamfs %s\n",
			o->argc < verb->least ? "too few" : "too many", verb->usage);
		return EXIT_USAGE;
	}
	return -1;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	struct options o = {0};
	int r;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("seamfs " SEAMFS_VERSION);
		return EXIT_OK;
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		fprintf(stderr, "seamfs: unknown verb \"%s\"; \"seamfs --help\" lists them\n", argv[1]);
		return EXIT_USAGE;
	}
	r = parse_options(verb, argc - 1, argv + 1, &o);
	if (r >= 0)
		return r;
	if (o.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	return (int)verb->run(&o);
}
