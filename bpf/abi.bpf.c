// SPDX-License-Identifier: GPL-2.0
/*
 * One unused global per type of abi.h. Compiled for its BTF only, never loaded:
 * a type is described in BTF when something that stays in the object uses it.
 */
#include "abi.h"

enum xlvs_abi abi_abi;
enum xlvs_limit abi_limit;
enum xlvs_family abi_family;
enum xlvs_proto abi_proto;
enum xlvs_scheduler abi_scheduler;
enum xlvs_state abi_state;
enum xlvs_reason abi_reason;
enum xlvs_reason_class abi_reason_class;
struct xlvs_line abi_line;
struct xlvs_dir abi_dir;
struct xlvs_dir_entry abi_dir_entry;
enum xlvs_service_flag abi_service_flag;
struct xlvs_service abi_service;
struct xlvs_cursor abi_cursor;
struct xlvs_segment abi_segment;
struct xlvs_share abi_share;
struct xlvs_mark_range abi_mark_range;
struct xlvs_vip abi_vip;
struct xlvs_service_ref abi_service_ref;
enum xlvs_real_flag abi_real_flag;
struct xlvs_real abi_real;
struct xlvs_real_info abi_real_info;
struct xlvs_service_info abi_service_info;
struct xlvs_load abi_load;
enum xlvs_nexthop_kind abi_nexthop_kind;
struct xlvs_nexthop abi_nexthop;
struct xlvs_iface abi_iface;
struct xlvs_verdict abi_verdict;
struct xlvs_real_stats abi_real_stats;
struct xlvs_totals abi_totals;
enum xlvs_conn_bits abi_conn_bits;
struct xlvs_conn4 abi_conn4;
struct xlvs_conn6 abi_conn6;
struct xlvs_conn4_set abi_conn4_set;
struct xlvs_conn6_set abi_conn6_set;
enum xlvs_template_bits abi_template_bits;
enum xlvs_template_control abi_template_control;
enum xlvs_template_kind abi_template_kind;
struct xlvs_template abi_template;
struct xlvs_template_set abi_template_set;
struct xlvs_frag_key abi_frag_key;
struct xlvs_frag abi_frag;
struct xlvs_near_key abi_near_key;
struct xlvs_near abi_near;
struct xlvs_tokens abi_tokens;
struct xlvs_mac abi_mac;
struct xlvs_config abi_config;
enum xlvs_tunable abi_tunable;
struct xlvs_settings abi_settings;
enum xlvs_clock abi_clock;
enum xlvs_table abi_table;
struct xlvs_sweep abi_sweep;
struct xlvs_now abi_now;
enum xlvs_probe_mark abi_probe_mark;
struct xlvs_probe_target abi_probe_target;
struct xlvs_probe_flow abi_probe_flow;
struct xlvs_probe_real abi_probe_real;
