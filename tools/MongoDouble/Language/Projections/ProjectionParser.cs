using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Values;

namespace Relaybox.MongoDouble.Language.Projections;

/// <summary>Parses projections of <c>find</c> and <c>$project</c>: either what to take and compute, or what to leave out.</summary>
internal sealed class ProjectionParser(bool ofFind)
{
    private readonly FieldTree _tree = new();
    private bool? _includes;
    private bool? _id;
    private bool _computesId;

    public FieldTree Tree => _tree;

    public bool Includes => _includes ?? _id ?? false;

    public void Parse(BsonDocument specification)
    {
        Parse(specification, "");
        _includes ??= _computesId ? true : null;
        if (_computesId)
        {
            return;
        }
        // The _id is taken unless it is refused, and left in unless it is left out.
        if (Includes ? _id ?? true : _id == false)
        {
            _tree.Add("_id", null);
        }
    }

    private void Parse(BsonDocument specification, string prefix)
    {
        foreach (var field in specification)
        {
            var path = prefix + field.Name;
            if (path.EndsWith(".$", StringComparison.Ordinal))
            {
                throw Errors.NotInDouble("positional projections");
            }
            switch (field.Value)
            {
                case BsonBoolean or BsonInt32 or BsonInt64 or BsonDouble or BsonDecimal128:
                    Take(path, Expression.Truth(field.Value));
                    break;
                case BsonDocument { ElementCount: 0 }:
                    throw Errors.Location(51270, $"An empty sub-projection is not a valid value. Found empty object at path {path}");
                case BsonDocument document when !ExpressionParser.IsOperator(document):
                    Parse(document, path + ".");
                    break;
                default:
                    Compute(path, field.Value);
                    break;
            }
        }
    }

    private void Take(string path, bool include)
    {
        if (path == "_id")
        {
            _id = include;
            return;
        }
        _includes ??= include;
        if (_includes != include)
        {
            throw include
                ? Errors.Location(31253, $"Cannot do inclusion on field {path} in exclusion projection")
                : Errors.Location(31254, $"Cannot do exclusion on field {path} in inclusion projection");
        }
        _tree.Add(path, null);
    }

    private void Compute(string path, BsonValue value)
    {
        if (value is BsonDocument document && IsOfFindAlone(document))
        {
            throw Errors.NotInDouble($"{document.GetElement(0).Name} in projections");
        }
        if (_includes == false)
        {
            throw Errors.Location(31252, $"Cannot use an expression {path}: {Text.Of(value)} in an exclusion projection");
        }
        if (path == "_id")
        {
            _computesId = true;
        }
        else
        {
            _includes = true;
        }
        _tree.Add(path, Expression.Parse(value));
    }

    private bool IsOfFindAlone(BsonDocument document) => document.GetElement(0) switch
    {
        { Name: "$meta" } => true,
        { Name: "$elemMatch" } => ofFind,
        { Name: "$slice", Value: var value } => ofFind && (BsonTypes.IsNumber(value) || value is BsonArray array && array.All(BsonTypes.IsNumber)),
        _ => false,
    };
}
