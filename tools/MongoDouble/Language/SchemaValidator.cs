using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Filters;
using Relaybox.MongoDouble.Language.Schema;

namespace Relaybox.MongoDouble.Language;

/// <summary>A collection's validator: a filter, most often with <c>$jsonSchema</c> alone.</summary>
internal sealed class SchemaValidator
{
    private readonly BsonDocument _specification;
    private readonly Condition _condition;

    private SchemaValidator(BsonDocument specification, Condition condition) => (_specification, _condition) = (specification, condition);

    public static SchemaValidator Parse(BsonDocument validator) => new(validator, FilterParser.Parse(validator));

    /// <summary>Null for a valid document, else the <c>details</c> of the error's <c>errInfo</c>.</summary>
    public BsonDocument? Violation(BsonDocument document, Evaluation evaluation)
    {
        if (_condition.Matches(document, evaluation))
        {
            return null;
        }
        return _condition is AllOf all
            ? Details.Of("$and").Add("clausesNotSatisfied", new BsonArray(
                from part in all.Parts.Index()
                where !part.Item.Matches(document, evaluation)
                select new BsonDocument { { "index", part.Index }, { "details", Explain(part.Item, _specification, document) } }))
            : Explain(_condition, _specification, document);
    }

    private static BsonDocument Explain(Condition condition, BsonDocument specification, BsonDocument document) => condition switch
    {
        OnSchema { Schema: var schema } =>
            schema.Annotate(Details.Of("$jsonSchema")).Add("schemaRulesNotSatisfied", schema.Unsatisfied(document)),
        OnField { Predicate: Comparison comparison, Path: var path } => Details.Of(comparison.Name)
            .Add("specifiedAs", new BsonDocument(path, new BsonDocument(comparison.Name, comparison.Operand)))
            .Add("reason", "comparison failed"),
        _ => Details.Of(specification.ElementCount == 0 ? "" : specification.GetElement(0).Name)
            .Add("specifiedAs", specification)
            .Add("reason", "the filter did not match"),
    };
}
