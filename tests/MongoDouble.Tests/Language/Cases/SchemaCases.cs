namespace Relaybox.MongoDouble.Tests.Language.Cases;

/// <summary>A document, a schema, and the rules that it breaks: the names in <c>schemaRulesNotSatisfied</c>.</summary>
public static class SchemaCases
{
    public static IReadOnlyList<LanguageCase> All { get; } =
    [
        new("Required fields are there", "{_id: 1, a: null}", "{required: ['a']}", "[]"),
        new("A required field is missing", "{_id: 1}", "{required: ['a']}", "['required']"),
        new("A type by its name", "{a: 1}", "{properties: {a: {bsonType: 'int'}}}", "[]"),
        new("A wrong type", "{a: 's'}", "{properties: {a: {bsonType: 'int'}}}", "['properties']"),
        new("One of several types", "{a: null}", "{properties: {a: {bsonType: ['int', 'null']}}}", "[]"),
        new("A number of any type", "{a: NumberDecimal('1')}", "{properties: {a: {bsonType: 'number'}}}", "[]"),
        new("A type of JSON", "{a: true}", "{properties: {a: {type: 'boolean'}}}", "[]"),
        new("A field that is not there breaks no rule", "{}", "{properties: {a: {bsonType: 'int', minimum: 5}}}", "[]"),
        new("A rule is about its own types only", "{a: 's'}", "{properties: {a: {minimum: 5}}}", "[]"),
        new("A minimum is allowed", "{a: 5}", "{properties: {a: {minimum: 5}}}", "[]"),
        new("An exclusive minimum is not", "{a: 5}", "{properties: {a: {minimum: 5, exclusiveMinimum: true}}}", "['properties']"),
        new("Beyond the maximum", "{a: 5.5}", "{properties: {a: {maximum: 5}}}", "['properties']"),
        new("Length counts characters", "{a: 'áé🙂'}", "{properties: {a: {maxLength: 3}}}", "[]"),
        new("Too short", "{a: ''}", "{properties: {a: {minLength: 1}}}", "['properties']"),
        new("A pattern matches anywhere", "{a: 'xaby'}", "{properties: {a: {pattern: 'ab'}}}", "[]"),
        new("A pattern does not match", "{a: 'x'}", "{properties: {a: {pattern: '^ab'}}}", "['properties']"),
        new("One of a list", "{a: 1.0}", "{properties: {a: {enum: [1, 'x']}}}", "[]"),
        new("None of a list", "{a: 2}", "{properties: {a: {enum: [1, 'x']}}}", "['properties']"),
        new("No other fields, the id neither", "{_id: 1, a: 1}", "{properties: {a: {}}, additionalProperties: false}", "['additionalProperties']"),
        new("No other fields but the named", "{_id: 1, a: 1}", "{properties: {_id: {}, a: {}}, additionalProperties: false}", "[]"),
        new("Other fields by their pattern", "{x1: 1, x2: 's'}", "{patternProperties: {'^x': {bsonType: 'int'}}}", "['patternProperties']"),
        new("Other fields by a schema", "{a: 's', b: 1}", "{properties: {a: {}}, additionalProperties: {bsonType: 'int'}}", "[]"),
        new("Too many items", "{a: [1, 2, 3]}", "{properties: {a: {maxItems: 2}}}", "['properties']"),
        new("A wrong item", "{a: [1, 's']}", "{properties: {a: {items: {bsonType: 'int'}}}}", "['properties']"),
        new("Two equal items", "{a: [1, 1.0]}", "{properties: {a: {uniqueItems: true}}}", "['properties']"),
        new("Too few fields", "{a: 1}", "{minProperties: 2}", "['minProperties']"),
        new("All of", "{a: 1}", "{allOf: [{required: ['a']}, {required: ['b']}]}", "['allOf']"),
        new("Any of", "{a: 1}", "{anyOf: [{required: ['a']}, {required: ['b']}]}", "[]"),
        new("One of is not two of", "{a: 1, b: 1}", "{oneOf: [{required: ['a']}, {required: ['b']}]}", "['oneOf']"),
        new("Not", "{a: 1}", "{not: {required: ['a']}}", "['not']"),
        new("Several rules at once", "{}", "{required: ['a'], minProperties: 1}", "['required', 'minProperties']"),
        new("An unknown keyword is refused", "{}", "{foo: 1}", "error 9"),
        new("A keyword without meaning is refused", "{}", "{format: 'date'}", "error 9"),
        new("Both kinds of types are refused", "{}", "{type: 'string', bsonType: 'string'}", "error 9"),
        new("Nothing required is refused", "{}", "{required: []}", "error 9"),
        new("The type integer is refused", "{}", "{type: 'integer'}", "error 9"),
    ];
}
