/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jited.c - prints a loaded program as JSON: its machine code by function, where it is, and the source line of each address.
 * usage: jited ID
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct program {
	struct bpf_prog_info info;
	__u64 *starts;
	__u32 *lengths;
	unsigned char *code;
	struct bpf_line_info *lines;
	__u64 *addresses;
	const char *strings;
};

static void die(const char *what)
{
	fprintf(stderr, "jited: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int bpf(int command, union bpf_attr *attr)
{
	int result = syscall(SYS_bpf, command, attr, sizeof(*attr));

	if (result < 0)
		die("the kernel does not tell of this program");
	return result;
}

static void *room(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size);

	if (!memory)
		die("no memory");
	return memory;
}

static void tell(int fd, void *info, __u32 size)
{
	union bpf_attr attr = { .info = { .bpf_fd = fd, .info_len = size, .info = (__u64)info } };

	bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

static const char *strings_of(__u32 btf)
{
	union bpf_attr attr = { .btf_id = btf };
	struct bpf_btf_info info = {};
	struct btf_header *header;
	int fd = bpf(BPF_BTF_GET_FD_BY_ID, &attr);

	tell(fd, &info, sizeof(info));
	header = room(info.btf_size, 1);
	info = (struct bpf_btf_info){ .btf = (__u64)header, .btf_size = info.btf_size };
	tell(fd, &info, sizeof(info));
	return (const char *)header + header->hdr_len + header->str_off;
}

static void look(struct program *p, __u32 id)
{
	union bpf_attr attr = { .prog_id = id };
	int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	struct bpf_prog_info had = {};

	tell(fd, &had, sizeof(had));
	p->starts = room(had.nr_jited_ksyms, sizeof(*p->starts));
	p->lengths = room(had.nr_jited_func_lens, sizeof(*p->lengths));
	p->code = room(had.jited_prog_len, 1);
	p->lines = room(had.nr_line_info, sizeof(*p->lines));
	p->addresses = room(had.nr_jited_line_info, sizeof(*p->addresses));
	p->info = (struct bpf_prog_info){
		.nr_jited_ksyms = had.nr_jited_ksyms, .jited_ksyms = (__u64)p->starts,
		.nr_jited_func_lens = had.nr_jited_func_lens, .jited_func_lens = (__u64)p->lengths,
		.jited_prog_len = had.jited_prog_len, .jited_prog_insns = (__u64)p->code,
		.nr_line_info = had.nr_line_info, .line_info_rec_size = sizeof(*p->lines), .line_info = (__u64)p->lines,
		.nr_jited_line_info = had.nr_jited_line_info, .jited_line_info_rec_size = sizeof(*p->addresses),
		.jited_line_info = (__u64)p->addresses,
	};
	tell(fd, &p->info, sizeof(p->info));
	p->strings = strings_of(p->info.btf_id);
}

static void print_functions(const struct program *p)
{
	const unsigned char *byte = p->code;

	for (__u32 i = 0; i < p->info.nr_jited_ksyms; i++) {
		printf("%s{\"start\":\"%llx\",\"code\":\"", i ? "," : "", p->starts[i]);
		for (__u32 k = 0; k < p->lengths[i]; k++)
			printf("%02x", *byte++);
		printf("\"}");
	}
}

static void print_lines(const struct program *p)
{
	for (__u32 i = 0; i < p->info.nr_jited_line_info; i++)
		printf("%s[\"%llx\",\"%s\",%u]", i ? "," : "", p->addresses[i], p->strings + p->lines[i].file_name_off,
		       BPF_LINE_INFO_LINE_NUM(p->lines[i].line_col));
}

int main(int count, char **words)
{
	struct program p = {};

	if (count != 2) {
		fprintf(stderr, "usage: jited ID\n");
		return 1;
	}
	look(&p, strtoul(words[1], NULL, 10));
	printf("{\"functions\":[");
	print_functions(&p);
	printf("],\"lines\":[");
	print_lines(&p);
	printf("]}\n");
	return 0;
}
