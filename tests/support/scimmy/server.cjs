// A SCIM server of SCIMMY and express with accounts in memory, each at /NAME/scim/v2 and made by its first request.
// It prints its port and ends with its standard input.
const { randomUUID } = require("node:crypto");
const express = require("express");
const { SCIMMYRouters, SCIMMY } = require("scimmy-routers");

const TOKEN = process.argv[2];
const accounts = new Map();

function account({ account: name }) {
    if (!accounts.has(name)) accounts.set(name, { users: new Map(), groups: new Map() });
    return accounts.get(name);
}

function missing(id) {
    return new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
}

function found(records, id) {
    if (!records.has(id)) throw missing(id);
    return records.get(id);
}

// The record with the groups that list the user: SCIMMY leaves this to the application.
function withGroups(user, { groups }) {
    const joined = [...groups.values()].filter(group => (group.members ?? []).some(member => member.value === user.id));
    return { ...user, groups: joined.map(group => ({ value: group.id, display: group.displayName, type: "direct" })) };
}

function declare(Resource, recordsOf, unique, shown) {
    SCIMMY.Resources.declare(Resource)
        .egress((resource, context) => {
            const records = recordsOf(context);
            if (resource.id) return shown(found(records, resource.id), context);
            const all = [...records.values()].map(record => shown(record, context));
            return resource.filter ? resource.filter.match(all) : all;
        })
        .ingress((resource, instance, context) => {
            const records = recordsOf(context);
            const old = resource.id ? found(records, resource.id) : undefined;
            const value = JSON.parse(JSON.stringify(instance));
            for (const other of records.values()) {
                if (other.id !== resource.id && other[unique].toLowerCase() === value[unique].toLowerCase())
                    throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is in use`);
            }
            const now = new Date().toISOString();
            const id = resource.id ?? randomUUID();
            const record = { ...value, id, meta: { created: old?.meta.created ?? now, lastModified: now } };
            records.set(id, record);
            return shown(record, context);
        })
        .degress((resource, context) => {
            const records = recordsOf(context);
            found(records, resource.id);
            records.delete(resource.id);
            for (const group of context.groups.values())
                group.members = (group.members ?? []).filter(member => member.value !== resource.id);
        });
}

SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
declare(SCIMMY.Resources.User, ({ users }) => users, "userName", withGroups);
declare(SCIMMY.Resources.Group, ({ groups }) => groups, "displayName", group => group);

const app = express();
app.use("/:account/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: request => {
        if (request.header("Authorization") !== `Bearer ${TOKEN}`) throw new Error("The token is not accepted.");
        return "the test";
    },
    context: request => account(request.params),
}));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit(0)).resume();
