using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Relaybox.Functions.Tests;

/// <summary>
/// The stack as CloudFormation makes it: SAM's own translator, then moto's CloudFormation, where Python has both. Stacks are created,
/// updated and deleted.
/// </summary>
public class TemplateDeploymentTests
{
    private const string Secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-x-AbCdEf";
    private const string Key = "arn:aws:kms:eu-central-1:123456789012:key/0f1e2d3c";

    // As long as a slow machine may take for all of them.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static readonly (string Store, string Broker)[] Pairs =
        [.. from store in new[] { "dynamodb", "postgres", "mongodb", "mysql", "redis" }
            from broker in new[] { "sqs", "nats" }
            select (store, broker)];

    [Fact]
    public async Task A_stack_of_every_store_and_broker_is_created_updated_and_deleted()
    {
        var combinations = Pairs.SelectMany(pair => new[] { Parameters(pair), With(Parameters(pair), Everything(pair)) })
            .Append(With(Parameters(Pairs[0]), new JsonObject
            {
                ["DeployConsumer"] = "false", ["TargetQueueArn"] = "arn:aws:sqs:eu-central-1:210987654321:orders", ["TargetQueueKmsKeyArn"] = Key,
            }))
            .ToList();

        var lines = await DeployAsync(Path.Combine(TemplateDocument.Folder, "template.yaml"), combinations);

        Assert.Equal(combinations.Count, lines.Count);
        Assert.All(
            lines.Zip(combinations),
            pair =>
            {
                var created = pair.First["created"]!.AsArray().Select(name => (string)name!).ToList();
                Assert.Contains("SweepRelayFunction", created);
                Assert.Equal((string?)pair.Second["Store"] == "dynamodb", created.Contains("OutboxTable"));
            });
    }

    [Fact]
    public async Task A_reference_to_what_is_not_created_fails()
    {
        var folder = Directory.CreateTempSubdirectory("relaybox-template-");
        try
        {
            var broken = Path.Combine(folder.FullName, "template.yaml");
            var text = await File.ReadAllTextAsync(Path.Combine(TemplateDocument.Folder, "template.yaml"), TestContext.Current.CancellationToken);
            const string Right = "!If [ConsumesStream, !GetAtt PullConsumeFunction.Arn, !Ref AWS::NoValue]";
            Assert.Contains(Right, text, StringComparison.Ordinal);
            await File.WriteAllTextAsync(
                broken, text.Replace(Right, "!GetAtt PullConsumeFunction.Arn", StringComparison.Ordinal), TestContext.Current.CancellationToken);

            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => DeployAsync(broken, [Parameters(Pairs[0])]));

            Assert.Contains("PullConsumeFunction", failure.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static JsonObject Parameters((string Store, string Broker) pair) => new()
    {
        ["Store"] = pair.Store, ["Broker"] = pair.Broker,
        ["DatabaseSecretArn"] = pair.Store == "dynamodb" ? "" : Secret, ["NatsUrl"] = pair.Broker == "nats" ? "tls://nats.example.com" : "",
    };

    private static JsonObject Everything((string Store, string Broker) pair) => new()
    {
        ["DatabaseOwnerSecretArn"] = pair.Store == "dynamodb" ? "" : Secret,
        ["NatsCredentialsSecretArn"] = pair.Broker == "nats" ? Secret : "",
        ["SecretsKmsKeyArn"] = Key, ["KmsKeyArn"] = Key, ["VpcSubnetIds"] = "subnet-1,subnet-2", ["VpcSecurityGroupIds"] = "sg-1",
        ["Tracing"] = "Active", ["ReserveConcurrency"] = "true", ["AlarmTopicArn"] = "arn:aws:sns:eu-central-1:123456789012:alarms",
        ["ClaimCheck"] = "true",
    };

    private static JsonObject With(JsonObject some, JsonObject more)
    {
        foreach (var (name, value) in more)
        {
            some[name] = value!.DeepClone();
        }

        return some;
    }

    private static async Task<List<JsonNode>> DeployAsync(string template, IReadOnlyList<JsonObject> combinations)
    {
        var script = Path.Combine(TemplateDocument.Folder, "tests", "Functions.Tests", "deploy_template.py");
        var start = new ProcessStartInfo("python3", [script, template])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("python3 is not on the PATH. With it and moto and aws-sam-translator the stack is deployed in moto's CloudFormation.");
            throw;
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            foreach (var parameters in combinations)
            {
                await process.StandardInput.WriteLineAsync(parameters.ToJsonString());
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Patience, TestContext.Current.CancellationToken);
            var text = await output;
            if (text.StartsWith("skip:", StringComparison.Ordinal))
            {
                Assert.Skip($"{text.Trim()}. To have the stack deployed in moto's CloudFormation: pip install 'moto[all]' aws-sam-translator");
            }

            return process.ExitCode == 0
                ? [.. text.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!)]
                : throw new InvalidOperationException($"The stack cannot be deployed: {await errors}");
        }
    }
}
