using System.Globalization;
using Amazon.Lambda.Core;
using Amazon.Lambda.RuntimeSupport;
using Amazon.Lambda.Serialization.SystemTextJson;
using Relaybox.Substitutes.Tests.Serialization;
using Relaybox.Testing.RuntimeApi;

namespace Relaybox.Substitutes.Tests.RuntimeApi;

/// <summary>What a handler learns about its invocation.</summary>
[Collection(EnvironmentVariables.Collection)]
public class ContextTests
{
    private static readonly ILambdaSerializer Serializer = new SourceGeneratorLambdaJsonSerializer<PlainJson>();

    [Fact]
    public async Task Every_header_and_variable_is_in_the_context()
    {
        using var variables = new EnvironmentVariables(
            ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/relay"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[1]abc"));
        await InvokeAsync(
            context =>
            {
                Assert.Equal("id", context.AwsRequestId);
                Assert.Equal("arn:aws:lambda:us-east-1:123456789012:function:relay", context.InvokedFunctionArn);
                Assert.Equal("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1", context.TraceId);
                Assert.Equal("relay", context.FunctionName);
                Assert.Equal("$LATEST", context.FunctionVersion);
                Assert.Equal(512, context.MemoryLimitInMB);
                Assert.Equal("/aws/lambda/relay", context.LogGroupName);
                Assert.Equal("2026/11/22/[1]abc", context.LogStreamName);
                Assert.Equal("us-east-1:me", context.Identity.IdentityId);
                Assert.Equal("us-east-1:pool", context.Identity.IdentityPoolId);
                Assert.Equal("App", context.ClientContext.Client.AppTitle);
                Assert.Equal("1", context.ClientContext.Custom["a"]);
                Assert.Equal("ios", context.ClientContext.Environment["platform"]);
                Assert.Equal("tenant", context.TenantId);
                Assert.NotNull(context.Logger);
            },
            ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:relay"),
            ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1"),
            ("Lambda-Runtime-Aws-Tenant-Id", "tenant"),
            ("Lambda-Runtime-Cognito-Identity",
                """{"cognitoIdentityId":"us-east-1:me","cognitoIdentityPoolId":"us-east-1:pool"}"""),
            ("Lambda-Runtime-Client-Context",
                """{"client":{"app_title":"App"},"custom":{"a":"1"},"env":{"platform":"ios"}}"""));
    }

    [Fact]
    public async Task What_the_headers_do_not_say_is_null()
    {
        await InvokeAsync(context =>
        {
            Assert.Null(context.InvokedFunctionArn);
            Assert.Null(context.TraceId);
            Assert.Null(context.Identity.IdentityId);
            Assert.Null(context.ClientContext.Client);
            Assert.Null(context.ClientContext.Custom);
        });
    }

    [Fact]
    public async Task The_remaining_time_runs_down_to_the_deadline()
    {
        await InvokeAsync(
            context =>
            {
                Assert.InRange(context.RemainingTime, TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(60));
                var before = context.RemainingTime;
                Assert.True(SpinWait.SpinUntil(() => context.RemainingTime < before, TimeSpan.FromSeconds(5)));
            },
            DeadlineIn(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_deadline_in_the_past_leaves_less_than_no_time()
    {
        await InvokeAsync(
            context => Assert.InRange(context.RemainingTime, TimeSpan.FromSeconds(-60), TimeSpan.FromSeconds(-5)),
            DeadlineIn(TimeSpan.FromSeconds(-5)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("soon")]
    [InlineData(null)]
    public async Task A_deadline_that_nobody_set_has_passed(string? deadline)
    {
        await InvokeAsync(
            context => Assert.True(context.RemainingTime < TimeSpan.Zero),
            deadline is null ? [] : [("Lambda-Runtime-Deadline-Ms", deadline)]);
    }

    [Fact]
    public async Task The_trace_id_is_in_the_environment_of_each_invocation_and_gone_in_the_next()
    {
        await using var server = new RuntimeApiServer();
        var seen = new List<string?>();
        Func<Sample, ILambdaContext, Task> handler = (_, _) =>
        {
            seen.Add(Environment.GetEnvironmentVariable("_X_AMZN_TRACE_ID"));
            return Task.CompletedTask;
        };
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        foreach (var trace in new[] { "Root=1-a", "Root=1-b", "Root=1-b", null })
        {
            server.Enqueue("id", "{}"u8.ToArray(), trace is null ? [] : [("Lambda-Runtime-Trace-Id", trace)]);
            await server.PostAsync();
        }

        Assert.Equal(["Root=1-a", "Root=1-b", "Root=1-b", null], seen);
    }

    [Fact]
    public async Task The_serializer_of_the_function_is_in_its_context() =>
        await InvokeAsync(context => Assert.Same(Serializer, context.Serializer));

    private static (string Name, string Value) DeadlineIn(TimeSpan time) =>
        ("Lambda-Runtime-Deadline-Ms",
            (DateTimeOffset.UtcNow + time).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));

    private static async Task InvokeAsync(
        Action<ILambdaContext> check, params (string Name, string Value)[] headers)
    {
        await using var server = new RuntimeApiServer();
        Exception? failure = null;
        Func<Sample, ILambdaContext, Task> handler = (_, context) =>
        {
            failure = Record.Exception(() => check(context));
            return Task.CompletedTask;
        };
        await using var function = new RunningFunction(
            LambdaBootstrapBuilder.Create(handler, Serializer), server.Authority);

        server.Enqueue("id", "{}"u8.ToArray(), headers);
        Assert.EndsWith("/id/response", (await server.PostAsync()).Path, StringComparison.Ordinal);

        Assert.Null(failure);
    }
}
