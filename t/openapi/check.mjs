// What t/openapi/run does; see there.

import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";

const methods = ["get", "post", "put", "patch", "delete"];
const faults = [];


function operations(doc) {
    return Object.entries(doc.paths).flatMap(([path, item]) =>
        methods.filter((method) => item[method])
               .map((method) => ({ path, method, op: item[method],
                                   name: `${method} ${path}` })));
}


// A validator that knows the document's schemas by their references.
function validator(doc) {
    const ajv = new Ajv.default({ strict: true, allowUnionTypes: true,
                                  allErrors: true });

    formats.default(ajv);

    // its strict mode would take the document itself for a schema
    const text = JSON.stringify(doc.components.schemas);

    ajv.addSchema({ $id: "all", $defs: JSON.parse(moved(text)) });

    return (schema) => ajv.compile(JSON.parse(moved(JSON.stringify(schema))));
}


function moved(text) {
    return text.replaceAll('"#/components/schemas/', '"all#/$defs/');
}


// --- the document


async function checkDocument(doc) {
    const specification = new Validator();
    const result = await specification.validate(structuredClone(doc));

    if (!result.valid) {
        faults.push(typeof result.errors === "string" ? result.errors
                    : JSON.stringify(result.errors, null, 1));
    } else if (specification.version !== "3.1") {
        faults.push(`OpenAPI ${specification.version}`);
    }

    const all = operations(doc);

    unique(all.map(({ op }) => op.operationId).filter((id) => id),
           "operationId");
    unique(Object.keys(doc.paths).map((path) =>
        path.replaceAll(/\{[^}]*\}/g, "{}")), "path");

    for (const one of all) {
        checkParameters(one);
        checkBodies(one);
    }

    checkSchemas(doc, all);
}


function unique(names, what) {
    for (const [i, name] of names.entries()) {
        if (names.indexOf(name) !== i) {
            faults.push(`${what} ${name} is there twice`);
        }
    }
}


// The parameters of a path are those in its template.
function checkParameters({ path, op, name }) {
    const declared = op.parameters.filter((p) => p.in === "path");
    const wanted = [...path.matchAll(/\{([^}]*)\}/g)].map((m) => m[1]);

    if (declared.map((p) => p.name).join() !== wanted.join()) {
        faults.push(`${name}: parameters of the path: `
                    + declared.map((p) => p.name).join());
    }

    if (declared.some((p) => !p.required)) {
        faults.push(`${name}: a parameter of the path is not required`);
    }

    unique(op.parameters.map((p) => `${name}: ${p.in} ${p.name}`),
           "parameter");
}


// Which of several bodies it is, is told by a member that it must have.
function checkBodies({ op, name }) {
    const bodies = op.requestBody?.content["application/json"].schema.oneOf;

    for (const body of bodies ?? []) {
        const others = bodies.filter((other) => other !== body);

        if (!body.required.some((member) =>
                others.every((other) => !(member in other.properties)))) {
            faults.push(`${name}: nothing tells ${body.required} from others`);
        }
    }
}


// Every schema is one, without keywords that mean nothing.
function checkSchemas(doc, all) {
    const compile = validator(doc);
    const found = Object.keys(doc.components.schemas).map((name) =>
        [name, { $ref: `#/components/schemas/${name}` }]);

    for (const { op, name } of all) {
        const parts = [op.requestBody, ...Object.values(op.responses)];
        const contents = parts
            .flatMap((part) => Object.values(part?.content ?? {}));

        for (const { schema } of [...op.parameters, ...contents]) {
            found.push([name, schema]);
        }

        for (const messages of [...parts, ...contents].flatMap(streams)) {
            found.push([name, messages]);
        }
    }

    for (const [name, schema] of found) {
        try {
            compile(schema);
        } catch (error) {
            faults.push(`${name}: ${error.message}`);
        }
    }
}


// The messages that a response, or its content, is a stream of.
function streams(part) {
    return [part?.["x-messages"], part?.["x-client-messages"]]
        .filter((messages) => messages);
}


// --- answers


// The document in which an object has no members but those that are told:
// clients must expect more, but we do not send what we do not document.
function closed(doc) {
    const close = (schema) => {
        if (schema === null || typeof schema !== "object") {
            return;
        }

        Object.values(schema).forEach(close);

        if (schema.properties && !Array.isArray(schema)) {
            schema.additionalProperties = false;
        }
    };

    const copy = structuredClone(doc);
    const { Problem, ...rest } = copy.components.schemas;

    close(rest);

    return copy;
}


// The operation of a request: literal segments win over parameters.
function find(doc, method, target) {
    const path = target.replace(/\?.*/, "");
    const fits = operations(doc).filter((one) => one.method === method
        && new RegExp("^" + one.path.replaceAll(/[.]/g, "\\.")
                               .replaceAll(/\{[^}]*\}/g, "[^/]+") + "$")
               .test(path));
    const holes = (one) => one.path.split("{").length;

    return fits.sort((a, b) => holes(a) - holes(b))[0];
}


function checkAnswer(doc, compile, line) {
    const { method, target, status, body } = line;
    const name = `${method} ${target} ${status}`;
    const found = find(doc, method.toLowerCase(), target);

    if (!found) {
        faults.push(`${name}: not in the document`);
        return;
    }

    let response = found.op.responses[status];

    if (!response && status < 400) {
        faults.push(`${name}: this status is not in the document`);
        return;
    }

    if (!response || response.$ref) {
        response = doc.components.responses.Problem;
    }

    if (status === 101) {
        checkMessages(name, compile(response["x-messages"]), line.told);
        checkMessages(name, compile(response["x-client-messages"]), line.sent);
        return;
    }

    const type = (line.type ?? "").replace(/;.*/, "");
    const content = response.content?.[type];

    if (!response.content) {
        if (body) {
            faults.push(`${name}: it has a body`);
        }

    } else if (!content) {
        faults.push(`${name}: the type "${type}" is not in the document`);

    } else if (content["x-messages"]) {
        checkMessages(name, compile(content["x-messages"]), line.told);

    } else {
        checkText(name, compile(content.schema), body);
    }
}


// Each message has one of the schemas; what is wrong is told by those of its
// type.
function checkMessages(name, check, messages) {
    for (const text of messages) {
        checkText(`${name} ${JSON.parse(text).type}`, check, text);
    }
}


function checkText(name, check, text) {
    if (check(JSON.parse(text))) {
        return;
    }

    const schema = (e) => e.schemaPath.replace(/\/(properties|required|add).*/,
                                               "");
    const others = check.errors
        .filter((e) => e.instancePath === "/type" && e.keyword === "enum")
        .map(schema);
    const own = check.errors.filter((e) => !others.includes(schema(e)));

    for (const e of own) {
        faults.push(`${name}: ${e.instancePath || "/"} ${e.message} `
                    + JSON.stringify(e.params));
    }
}


// --- main


const [what, file] = process.argv.slice(2);
const doc = JSON.parse(readFileSync(file, "utf-8"));

if (what === "document") {
    await checkDocument(doc);

} else {
    const strict = closed(doc);
    const compile = validator(strict);

    for (const line of readFileSync(0, "utf-8").split("\n")) {
        if (line) {
            checkAnswer(strict, compile, JSON.parse(line));
        }
    }
}

for (const fault of faults) {
    console.log(fault);
}

process.exit(faults.length ? 1 : 0);
