using System.Text.RegularExpressions;
using Relaybox.Functions.Hosting;
using Relaybox.Settings;
using static Relaybox.Functions.Tests.TemplateDocument;

namespace Relaybox.Functions.Tests;

/// <summary>
/// The settings that a function starts with: what template.yaml gives it while the parameters have their defaults, and the code's own
/// defaults for the rest.
/// </summary>
internal static partial class DeployedSettings
{
    private const FunctionNeeds Everything =
        FunctionNeeds.Publisher | FunctionNeeds.Inbox | FunctionNeeds.Jobs | FunctionNeeds.Consumer | FunctionNeeds.Setup;

    // What a deployment makes, or has no default.
    private static readonly Dictionary<string, string> Made = new()
    {
        ["DATABASE_SECRET_ARN"] = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:database-AbCdEf",
        ["NATS_URL"] = "tls://nats.example.com:4222",
        ["OUTBOX_TABLE"] = "outbox",
        ["INBOX_TABLE"] = "inbox",
        ["JOBS_TABLE"] = "jobs",
        ["QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/queue",
        ["DEAD_LETTER_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/000000000000/dead",
    };

    /// <summary>The settings of a function of the template, with variables set otherwise.</summary>
    /// <exception cref="SettingsException">The function would not start with them.</exception>
    public static RelayboxSettings Of(string function, params (string Variable, string Value)[] set)
    {
        var own = set.ToDictionary(item => item.Variable, item => item.Value);
        return Read(name => own.GetValueOrDefault(name) ?? Made.GetValueOrDefault(name) ?? Deployed(function, name));
    }

    /// <summary>The settings with these variables and nothing of the template.</summary>
    /// <exception cref="SettingsException">No function would start with them.</exception>
    public static RelayboxSettings With(params (string Variable, string Value)[] set)
    {
        var own = set.ToDictionary(item => item.Variable, item => item.Value);
        return Read(name => own.GetValueOrDefault(name) ?? Made.GetValueOrDefault(name));
    }

    /// <summary>The parameter that a value is, or is under a condition; empty: it is something else.</summary>
    public static string ParameterOf(string value) => OneParameter().Match(value).Groups["name"].Value;

    private static RelayboxSettings Read(Func<string, string?> get) => BuiltIn.Read(get, Everything);

    private static string? Deployed(string function, string name)
    {
        var value = Instance.Variable(function, name);
        var parameter = ParameterOf(value);
        return Instance.Parameters.Contains(parameter) ? Text(Instance.Parameter(parameter, "Default"))
            : value.StartsWith('!') ? null
            : value;
    }

    [GeneratedRegex("^(!If \\[\\w+, )?!Ref (?<name>\\w+)(, !Ref AWS::NoValue\\])?$")]
    private static partial Regex OneParameter();
}
