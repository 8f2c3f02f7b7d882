using MongoDB.Bson;

namespace Relaybox.MongoDouble.Language.Expressions;

/// <summary>What an expression sees: a document, the command's variables, and those that <c>$let</c> and its kin have bound.</summary>
internal sealed class Scope(BsonDocument root, Evaluation evaluation)
{
    private Scope? _outer;
    private string? _name;
    private BsonValue? _value;

    public BsonDocument Root { get; } = root;

    public Evaluation Evaluation { get; } = evaluation;

    public Scope With(string name, BsonValue? value) => new(Root, Evaluation) { _outer = this, _name = name, _value = value };

    /// <summary>The value of a variable, which the parser has made sure of.</summary>
    public BsonValue? Variable(string name)
    {
        var scope = this;
        while (scope._name != name)
        {
            scope = scope._outer!;
        }
        return scope._value;
    }
}
