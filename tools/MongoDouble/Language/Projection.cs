using MongoDB.Bson;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Language.Projections;

namespace Relaybox.MongoDouble.Language;

/// <summary>A projection of <c>find</c> or <c>$project</c>.</summary>
internal sealed class Projection
{
    private readonly FieldTree? _tree;
    private readonly bool _includes;

    private Projection(FieldTree? tree, bool includes) => (_tree, _includes) = (tree, includes);

    /// <summary>Parses a projection of <c>find</c> or <c>findAndModify</c>; an empty one leaves documents as they are.</summary>
    public static Projection Parse(BsonDocument specification) => Parse(specification, ofFind: true);

    /// <summary>Leaves the given paths out, as <c>$unset</c> does.</summary>
    public static Projection Without(IEnumerable<string> paths)
    {
        var tree = new FieldTree();
        foreach (var path in paths)
        {
            tree.Add(path, null);
        }
        return new(tree, includes: false);
    }

    public static Projection OfStage(BsonValue specification)
    {
        if (specification is not BsonDocument document)
        {
            throw Errors.Location(15969, "$project specification must be an object");
        }
        return document.ElementCount == 0
            ? throw Errors.Location(51272, "Invalid $project :: caused by :: projection specification must have at least one field")
            : Parse(document, ofFind: false);
    }

    public BsonDocument Apply(BsonDocument document, Evaluation evaluation)
    {
        if (_tree is null)
        {
            return document;
        }
        if (!_includes)
        {
            return _tree.Exclude(document);
        }
        var result = _tree.Include(document);
        _tree.Compute(result, new Scope(document, evaluation));
        return result;
    }

    private static Projection Parse(BsonDocument specification, bool ofFind)
    {
        if (specification.ElementCount == 0)
        {
            return new(null, includes: false);
        }
        var parser = new ProjectionParser(ofFind);
        parser.Parse(specification);
        return new(parser.Tree, parser.Includes);
    }
}
