using System.Text.RegularExpressions;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>Secrets come into the stack by their ARNs, never as themselves.</summary>
public class TemplateSecretTests
{
    private static readonly TemplateDocument Template = Instance;

    public static TheoryData<string> SecretParameters => [.. Template.Parameters.Where(IsSecret)];

    [Theory]
    [MemberData(nameof(SecretParameters))]
    public void A_parameter_for_a_secret_takes_its_ARN_and_nothing_else(string parameter)
    {
        var pattern = new Regex($"^(?:{Text(Template.Parameter(parameter, "AllowedPattern"))})$");

        Assert.EndsWith("SecretArn", parameter, StringComparison.Ordinal);
        Assert.Matches(pattern, "");
        Assert.Matches(pattern, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/orders-AbCdEf");
        Assert.Matches(pattern, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-AbCdEf");
        foreach (var secret in new[]
        {
            "hunter2", "postgres://app:hunter2@db.example.com/app", """{"password":"hunter2"}""",
            "arn:aws:ssm:eu-central-1:123456789012:parameter/password",
            "arn:aws:secretsmanager:eu-central-1:123456789012:secret:a-AbCdEf hunter2", "{{resolve:secretsmanager:a}}",
        })
        {
            Assert.DoesNotMatch(pattern, secret);
        }
    }

    [Theory]
    [InlineData("NatsUrl", "nats://user:hunter2@nats.example.com:4222")]
    [InlineData("NatsUrl", "tls://token@nats.example.com:4222")]
    [InlineData("DatabaseHost", "app:hunter2@db.example.com")]
    [InlineData("DatabaseName", "app?password=hunter2")]
    public void An_address_has_no_place_for_a_secret(string parameter, string value) =>
        Assert.DoesNotMatch($"^(?:{Text(Template.Parameter(parameter, "AllowedPattern"))})$", value);

    [Fact]
    public void No_variable_of_a_function_holds_a_secret()
    {
        var variables = Template.Functions.Keys
            .SelectMany(function => Entries(Template.Property(function, "Environment", "Variables")))
            .Concat(Entries(Template.Global("Environment", "Variables")))
            .ToList();

        Assert.NotEmpty(variables);
        Assert.All(
            variables.Where(variable => IsSecret(variable.Key)),
            variable => Assert.EndsWith("_SECRET_ARN", variable.Key, StringComparison.Ordinal));
        Assert.All(variables, variable => Assert.DoesNotContain("{{resolve:", Text(variable.Value), StringComparison.Ordinal));
        Assert.All(variables, variable => Assert.NotEqual("DATABASE_URL", variable.Key));
    }

    [Fact]
    public void No_output_tells_a_secret() => Assert.All(
        Template.Section("Outputs"), output => Assert.False(IsSecret(output.Key) || IsSecret(Text(Child(output.Value, "Value"))), output.Key));

    private static bool IsSecret(string name) =>
        Regex.IsMatch(name, "Secret|Password|Credential|Token|Seed", RegexOptions.IgnoreCase)
        && name != "SecretsKmsKeyArn";
}
