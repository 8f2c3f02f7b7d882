using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;

namespace Relaybox.MongoDouble.Language.Projections;

/// <summary><c>$addFields</c> and <c>$set</c> as stages.</summary>
internal sealed class ComputedFields
{
    private readonly FieldTree _tree = new();

    public static ComputedFields Parse(string stage, BsonValue specification)
    {
        if (specification is not BsonDocument document)
        {
            throw Errors.Location(40272, $"{stage} specification stage must be an object");
        }
        if (document.ElementCount == 0)
        {
            throw Errors.Location(40177, $"Invalid {stage} :: caused by :: specification must have at least one field");
        }
        var fields = new ComputedFields();
        fields.Add(document, "");
        return fields;
    }

    public BsonDocument Apply(BsonDocument document, Evaluation evaluation)
    {
        var result = new BsonDocument(document);
        _tree.Compute(result, new Scope(document, evaluation));
        return result;
    }

    private void Add(BsonDocument specification, string prefix)
    {
        foreach (var field in specification)
        {
            var path = prefix + field.Name;
            switch (field.Value)
            {
                case BsonDocument { ElementCount: 0 }:
                    throw Errors.Location(40180, $"an empty object is not a valid value. Found empty object at path {path}");
                case BsonDocument inner when !ExpressionParser.IsOperator(inner):
                    Add(inner, path + ".");
                    break;
                default:
                    _tree.Add(path, Expression.Parse(field.Value));
                    break;
            }
        }
    }
}
