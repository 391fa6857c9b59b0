// SPDX-License-Identifier: Apache-2.0
// Route netlink: what the kernel knows of links, addresses, neighbours and routes.
export type { Address, AddressChange } from './address.js'
export type { Change, EventGroup, RouteEvent } from './events.js'
export type { Family } from './inet.js'
export { formatAddress, formatMac, parseAddress, parseMac } from './inet.js'
export type { Link } from './link.js'
export type { Neighbour, NeighbourChange, NeighbourKey, NeighbourState } from './neighbour.js'
export type { Route, RouteNexthop, RouteTo, RouteType } from './route.js'
export { RouteSocket, type RouteSocketOptions, type SubscribeOptions } from './route-socket.js'
export { NetlinkFormatError } from './wire.js'
