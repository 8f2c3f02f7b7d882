using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Relaybox.Local.Stack;
using Relaybox.Local.Template;

namespace Relaybox.Local.Running;

/// <summary>
/// EventBridge Scheduler's list of the stack's schedules, which are one group. It does not look at who calls. See
/// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html
/// </summary>
internal static class ScheduleEndpoint
{
    public static void Map(IEndpointRouteBuilder routes, IReadOnlyList<FunctionDefinition> functions) =>
        routes.MapGet("/schedules", (string? scheduleGroup) => Results.Text(
            new JsonObject
            {
                ["Schedules"] = new JsonArray(
                [
                    .. functions.Where(_ => scheduleGroup is null or StackPlan.StackName).SelectMany(
                        function => function.Events.OfType<ScheduleEventDefinition>().Select(schedule => Describe(function, schedule))),
                ]),
            }.ToJsonString(),
            "application/json"));

    private static JsonObject Describe(FunctionDefinition function, ScheduleEventDefinition schedule) => new()
    {
        ["Name"] = $"{function.LogicalId}{schedule.Name}",
        ["GroupName"] = StackPlan.StackName,
        ["State"] = schedule.IsOn ? "ENABLED" : "DISABLED",
        ["Target"] = new JsonObject { ["Arn"] = ResourceNames.FunctionArn(function.Name) },
    };
}
