using MongoDB.Bson;
using Relaybox.MongoDouble.Language;
using Relaybox.MongoDouble.Language.Expressions;
using Relaybox.MongoDouble.Tests.Language.Cases;

namespace Relaybox.MongoDouble.Tests.Language;

/// <summary>Asks the tables of cases of the language itself.</summary>
public sealed class LanguageTests
{
    private static readonly Evaluation Evaluation = new(new DateTime(2026, 6, 1, 12, 0, 0, DateTimeKind.Utc));

    public static TheoryData<string> Filters => LanguageCase.Names(FilterCases.All);

    public static TheoryData<string> Updates => LanguageCase.Names(UpdateCases.All);

    public static TheoryData<string> Upserts => LanguageCase.Names(UpdateCases.Upserts);

    public static TheoryData<string> Projections => LanguageCase.Names(ProjectionCases.All);

    public static TheoryData<string> Pipelines => LanguageCase.Names(PipelineCases.All);

    public static TheoryData<string> Expressions => LanguageCase.Names(ExpressionCases.All);

    public static TheoryData<string> Schemas => LanguageCase.Names(SchemaCases.All);

    [Theory]
    [MemberData(nameof(Filters))]
    public void A_filter_finds(string name) => Check(FilterCases.All, name, (input, program) =>
    {
        var filter = Filter.Parse(program.AsBsonDocument);
        var found = input.AsBsonArray.Select(item => item.AsBsonDocument).Where(item => filter.Matches(item, Evaluation));
        return new BsonArray(found.Select(item => item["_id"]));
    });

    [Theory]
    [MemberData(nameof(Updates))]
    public void An_update_changes(string name) => Check(UpdateCases.All, name, (input, program) =>
    {
        var before = LanguageCase.Show(input);
        var after = UpdateProgram.Parse(program).Apply(input.AsBsonDocument, inserting: false, Evaluation);
        Assert.Equal(before, LanguageCase.Show(input));
        return after;
    });

    [Theory]
    [MemberData(nameof(Upserts))]
    public void An_upsert_inserts(string name) => Check(UpdateCases.Upserts, name, (input, program) =>
        UpdateProgram.Parse(program).Apply(UpdateProgram.FromUpsertFilter(input.AsBsonDocument), inserting: true, Evaluation));

    [Theory]
    [MemberData(nameof(Projections))]
    public void A_projection_leaves(string name) => Check(ProjectionCases.All, name, (input, program) =>
        Projection.Parse(program.AsBsonDocument).Apply(input.AsBsonDocument, Evaluation));

    [Theory]
    [MemberData(nameof(Pipelines))]
    public void A_pipeline_yields(string name) => Check(PipelineCases.All, name, (input, program) =>
        new BsonArray(Pipeline.Parse(program.AsBsonArray).Run(input.AsBsonArray.Select(item => item.AsBsonDocument), Evaluation)));

    [Theory]
    [MemberData(nameof(Expressions))]
    public void An_expression_is(string name) => Check(ExpressionCases.All, name, (input, program) =>
        Expression.Parse(program).Evaluate(input.AsBsonDocument, Evaluation));

    [Theory]
    [MemberData(nameof(Schemas))]
    public void A_schema_finds_broken(string name) => Check(SchemaCases.All, name, (input, program) =>
    {
        var validator = SchemaValidator.Parse(new BsonDocument("$jsonSchema", program));
        var violation = validator.Violation(input.AsBsonDocument, Evaluation);
        return new BsonArray(violation?["schemaRulesNotSatisfied"].AsBsonArray.Select(rule => rule["operatorName"]) ?? []);
    });

    private static void Check(IReadOnlyList<LanguageCase> cases, string name, Func<BsonValue, BsonValue, BsonValue?> run)
    {
        var example = cases.Single(example => example.Name == name);
        BsonValue? Run() => run(LanguageCase.Read(example.Input), LanguageCase.Read(example.Program));
        if (example.Error is { } code)
        {
            Assert.Equal(code, Assert.Throws<ServerException>(() => { Run(); }).Code);
        }
        else
        {
            var expected = example.Expected == "missing" ? null : LanguageCase.Read(example.Expected);
            Assert.Equal(LanguageCase.Show(expected), LanguageCase.Show(Run()));
        }
    }
}
