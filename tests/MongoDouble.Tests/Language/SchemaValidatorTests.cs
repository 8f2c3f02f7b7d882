using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

/// <summary>What the server tells of a document that a collection's validator refuses.</summary>
public sealed class SchemaValidatorTests
{
    private static readonly Evaluation Evaluation = new(DateTime.UnixEpoch);

    [Fact]
    public void A_broken_property_is_explained_with_its_value()
    {
        var details = Violation("{$jsonSchema: {title: 'Row', properties: {a: {bsonType: 'int', description: 'whole'}}}}", "{a: 's'}");
        Assert.Equal(
            LanguageCase.Read("""
                {
                  operatorName: '$jsonSchema', title: 'Row',
                  schemaRulesNotSatisfied: [{
                    operatorName: 'properties',
                    propertiesNotSatisfied: [{
                      propertyName: 'a', description: 'whole',
                      details: [{
                        operatorName: 'bsonType', specifiedAs: {bsonType: 'int'}, reason: 'type did not match', consideredValue: 's',
                        consideredType: 'string'
                      }]
                    }]
                  }]
                }
                """),
            details);
    }

    [Fact]
    public void Missing_fields_are_named()
    {
        var details = Violation("{$jsonSchema: {required: ['a', 'b']}}", "{a: 1}");
        Assert.Equal(
            LanguageCase.Read("""
                {
                  operatorName: '$jsonSchema',
                  schemaRulesNotSatisfied: [{operatorName: 'required', specifiedAs: {required: ['a', 'b']}, missingProperties: ['b']}]
                }
                """),
            details);
    }

    [Fact]
    public void Other_fields_are_named()
    {
        var rule = Violation("{$jsonSchema: {properties: {a: {}}, additionalProperties: false}}", "{a: 1, x: 1}")!["schemaRulesNotSatisfied"][0];
        Assert.Equal(new BsonArray { "x" }, rule["additionalProperties"]);
    }

    [Theory]
    [InlineData("{a: {$gt: 5}}", "{a: 6}", true)]
    [InlineData("{a: {$gt: 5}}", "{a: 5}", false)]
    [InlineData("{$expr: {$lt: ['$a', '$b']}}", "{a: 1, b: 2}", true)]
    [InlineData("{$or: [{a: 1}, {b: 1}]}", "{}", false)]
    [InlineData("{$jsonSchema: {required: ['a']}, b: 1}", "{a: 1, b: 1}", true)]
    [InlineData("{$jsonSchema: {required: ['a']}, b: 1}", "{a: 1, b: 2}", false)]
    public void A_validator_may_be_any_filter(string validator, string document, bool valid) =>
        Assert.Equal(valid, Violation(validator, document) is null);

    private static BsonDocument? Violation(string validator, string document) =>
        SchemaValidator.Parse(LanguageCase.Read(validator).AsBsonDocument).Violation(LanguageCase.Read(document).AsBsonDocument, Evaluation);
}
