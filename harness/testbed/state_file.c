#include "harness/testbed/state_file.h"

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cb_state_remove_directory(const char *path)
{
	DIR *files = opendir(path);
	const struct dirent *entry;

	while (files && (entry = readdir(files)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(files), entry->d_name, 0);
	if (files)
		closedir(files);
	return rmdir(path);
}

int cb_state_write(const struct cb_process_id *agents, size_t n, unsigned serial,
	char path[PATH_MAX], struct cb_error *err)
{
	char dir[PATH_MAX], name[80];
	json_t *array = json_array(), *state = json_pack("{s:o}", "agents", array);
	char *text = NULL;
	int r;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(array,
			json_pack("{s:I, s:I}", "pid", (json_int_t)agents[i].pid, "start",
				(json_int_t)agents[i].start_time));
	text = json_dumps(state, JSON_COMPACT);
	json_decref(state);
	if (!text)
		return cb_error_memory(err, "the state file");
	snprintf(name, sizeof(name), "%d-%llu-%u.json", getpid(),
		(unsigned long long)cb_process_start_time(getpid()), serial);
	r = cb_state_directory(dir, err);
	if (!r)
		r = cb_file_join(path, PATH_MAX, dir, name, err);
	if (!r)
		r = cb_file_replace(path, text, strlen(text), err);
	free(text);
	return r;
}
