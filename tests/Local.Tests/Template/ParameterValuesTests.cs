using Relaybox.Local.Template;

namespace Relaybox.Local.Tests.Template;

public class ParameterValuesTests
{
    private const string Template = """
        Parameters:
          Size: {Type: Number, Default: 5, MinValue: 1, MaxValue: 10}
          Mode: {Type: String, Default: fast, AllowedValues: [fast, slow]}
          Code: {Type: String, Default: ab, AllowedPattern: '[a-z]+', ConstraintDescription: small letters only.}
          Empty: {Type: String, Default: ''}
        """;

    [Fact]
    public void Defaults_hold_until_they_are_overridden()
    {
        var values = Resolve(("Size", "7"));
        Assert.Equal("7", (string?)values["Size"]);
        Assert.Equal("fast", (string?)values["Mode"]);
        Assert.Equal("", (string?)values["Empty"]);
    }

    [Theory]
    [InlineData("Size", "11", "line 2: Parameter Size is 11; the largest value is 10.")]
    [InlineData("Size", "0", "line 2: Parameter Size is 0; the least value is 1.")]
    [InlineData("Size", "many", "line 2: Parameter Size must be a number.")]
    [InlineData("Mode", "slower", "line 3: Parameter Mode is none of its values; allowed are fast, slow.")]
    [InlineData("Code", "A1", "line 4: Parameter Code is not of its form; small letters only.")]
    public void A_value_that_the_template_forbids_is_refused(string name, string value, string message) =>
        Assert.Equal(message, Assert.Throws<TemplateException>(() => Resolve((name, value))).Message);

    [Fact]
    public void An_unknown_parameter_is_refused_with_the_known_ones() =>
        Assert.Contains(
            "It has: Size, Mode, Code, Empty.", Assert.Throws<RunnerException>(() => Resolve(("Sise", "1"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_parameter_without_a_default_must_be_given()
    {
        var template = TemplateReader.Read("Parameters:\n  Key: {Type: String}\n");
        var error = Assert.Throws<TemplateException>(() => ParameterValues.Resolve(template, new Dictionary<string, string>()));
        Assert.Contains("--parameter Key=VALUE", error.Message, StringComparison.Ordinal);
    }

    private static IReadOnlyDictionary<string, System.Text.Json.Nodes.JsonNode> Resolve(params (string Name, string Value)[] overrides) =>
        ParameterValues.Resolve(TemplateReader.Read(Template), overrides.ToDictionary(item => item.Name, item => item.Value));
}
